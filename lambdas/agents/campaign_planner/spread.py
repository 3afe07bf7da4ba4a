"""Who posts where: every platform gets its share, and on each the personas that serve it take turns."""

from collections import Counter
from collections.abc import Mapping, Sequence

from lambdas.domain.calendar import SlotRequest
from lambdas.domain.ids import PersonaId
from lambdas.domain.platforms import Platform


def spread(
    total: int, platforms: Sequence[Platform], personas: Mapping[Platform, Sequence[PersonaId]]
) -> list[SlotRequest]:
    """``total`` posts in order of time.

    The numbers of posts per platform differ by at most one. On a platform the next post goes to the persona with
    the fewest so far. The order of platforms moves on with each round, so none is stuck to a time of day.
    """
    count = len(platforms)
    written: Counter[PersonaId] = Counter()
    requests = []
    for index in range(total):
        in_round, place = divmod(index, count)
        # A last, incomplete round starts at the front like the first, or a platform could fall behind by two.
        platform = platforms[(place + in_round) % count] if (in_round + 1) * count <= total else platforms[place]
        persona = min(personas[platform], key=lambda p: written[p])
        written[persona] += 1
        requests.append(SlotRequest(platform, persona))
    return requests
