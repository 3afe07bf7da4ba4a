"""What code decides about each planned post: who writes it for which platform, and which picture goes with it.

Every platform gets its share of the posts, and on each the personas that serve it take turns.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from lambdas.domain.calendar import SlotRequest
from lambdas.domain.ids import PersonaId
from lambdas.domain.models.post import AssetRequirements
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


class _Format(NamedTuple):
    kind: str
    width: int
    height: int


# Pixels, as the platforms recommend for feed posts (checked 2026-11): 16:9 on X and blogs, 1.91:1 for link cards on
# LinkedIn and Facebook, 4:5 on Instagram and Threads, 9:16 on TikTok, 16:9 full HD on YouTube. A mail's header is
# 600 px wide at double density.
_FORMATS = {
    Platform.X: _Format("image", 1600, 900),
    Platform.LINKEDIN: _Format("image", 1200, 627),
    Platform.INSTAGRAM: _Format("image", 1080, 1350),
    Platform.FACEBOOK: _Format("image", 1200, 630),
    Platform.TIKTOK: _Format("video", 1080, 1920),
    Platform.THREADS: _Format("image", 1080, 1350),
    Platform.BLUESKY: _Format("image", 1200, 675),
    Platform.YOUTUBE: _Format("video", 1920, 1080),
    Platform.EMAIL: _Format("image", 1200, 600),
    Platform.BLOG: _Format("image", 1600, 900),
}


def asset_for(platform: Platform, visual: str) -> AssetRequirements:
    """What ``platform`` shows beside the text; nothing for SMS."""
    wanted = _FORMATS.get(platform)
    if wanted is None:
        return AssetRequirements()
    return AssetRequirements(kind=wanted.kind, description=visual or None, width=wanted.width, height=wanted.height)
