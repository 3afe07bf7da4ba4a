"""How a post looks on each platform: which sentences, in which order, and which of them may go.

Paragraphs are made of sentences, and the least important of these go first when space is short.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from lambdas.agents.offline.material import LINK, Material
from lambdas.agents.seeding import shuffled
from lambdas.domain.limits import LIMITS, measure
from lambdas.domain.limits.figures import Unit
from lambdas.domain.limits.measure import COUNTERS
from lambdas.domain.platforms import Platform


class Piece(NamedTuple):
    """A sentence; ``rank`` 0 stays to the end, the highest rank is dropped first."""

    text: str
    rank: int


Paragraph = list[Piece]


def fit(paragraphs: Sequence[Paragraph], platform: Platform, room: int) -> str:
    """The paragraphs as one text of at most ``room`` in the platform's unit.

    Pieces are dropped by rank; if even those of rank 0 are too long, the text is cut at a word.
    """
    kept = [[piece for piece in paragraph if piece.text] for paragraph in paragraphs]
    while not _within(text := _join(kept), platform, room):
        ranks = [piece.rank for paragraph in kept for piece in paragraph]
        highest = max(ranks, default=0)
        if highest == 0:
            return cut(text, platform, room)
        kept = _without_last(kept, highest)
    return text


def cut(text: str, platform: Platform, room: int) -> str:
    """``text`` cut at a word so that it fits, with an ellipsis; cut within the word where it has no spaces."""
    if _within(text, platform, room):
        return text
    ellipsis = "..." if platform is Platform.SMS else "…"
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _within(text[:middle] + ellipsis, platform, room) else (low, middle - 1)
    kept = text[:low]
    if low < len(text) and not text[low].isspace() and (space := max(kept.rfind(" "), kept.rfind("\n"))) > low // 2:
        kept = kept[:space]
    return kept.rstrip(" \n,;:-–") + ellipsis if kept.strip() else ""


def _within(text: str, platform: Platform, room: int) -> bool:
    if measure(platform, text) > room:
        return False
    # Where a platform limits the bytes as well, the room is counted in the stricter way.
    limit = LIMITS[platform]
    return limit.byte_length is None or COUNTERS[Unit.BYTES](text) <= limit.byte_length.value * 2 // 3


def _join(paragraphs: Sequence[Paragraph]) -> str:
    lines = (" ".join(piece.text for piece in paragraph) for paragraph in paragraphs)
    return "\n\n".join(line for line in lines if line)


def _without_last(paragraphs: list[Paragraph], rank: int) -> list[Paragraph]:
    """Without the last piece of this rank."""
    for at in range(len(paragraphs) - 1, -1, -1):
        for n in range(len(paragraphs[at]) - 1, -1, -1):
            if paragraphs[at][n].rank == rank:
                shorter = paragraphs[at][:n] + paragraphs[at][n + 1 :]
                return [*paragraphs[:at], shorter, *paragraphs[at + 1 :]]
    return paragraphs


def _brief(m: Material) -> list[Paragraph]:
    """X, Bluesky: one thought, and around it what there is room for. A long link takes most of a post on Bluesky."""
    spare = m.room - len(m.lead) - 2
    hook = _first_within(m.hooks, spare)
    spare -= len(hook) + len(m.call_to_action) + 4
    extra = _first_within(tuple(shuffled((*m.bridges[:2], *m.closers), m.seed, "extra")), spare)
    return [[Piece(hook, 1), Piece(m.lead, 0)], [Piece(extra, 3)], [Piece(m.call_to_action, 2)]]


def _first_within(lines: tuple[str, ...], room: int) -> str:
    return next((line for line in lines if len(line) <= room), "")


def _conversation(m: Material) -> list[Paragraph]:
    """Threads: talks, then asks."""
    return [
        [Piece(m.hook, 1)],
        [Piece(m.lead, 0), *(Piece(b, 4) for b in m.bridges[:1])],
        [Piece(m.closer, 3)],
        [Piece(m.call_to_action, 2)],
    ]


def _professional(m: Material) -> list[Paragraph]:
    """LinkedIn: a line that stands alone, short paragraphs, a question."""
    second = [Piece(m.choose(m.phrases.connectors, "second"), 3), *(Piece(o, 3) for o in m.others[:1])]
    third = [Piece(o, 5) for o in m.others[1:2]] if not m.lean else []
    return [
        [Piece(m.hook, 1)],
        [Piece(m.lead, 0), *(Piece(b, 4) for b in m.bridges[:1])],
        second,
        third + [Piece(b, 6) for b in m.bridges[1:2] if not m.lean],
        [Piece(m.audience, 7)] if m.chance(3, "audience") else [],
        [Piece(m.closer, 5), Piece(m.call_to_action, 2)],
    ]


def _caption(m: Material) -> list[Paragraph]:
    """Instagram: three short paragraphs, and the link is in the profile."""
    return [
        [Piece(m.hook, 1)],
        [Piece(m.lead, 0), *(Piece(b, 4) for b in m.bridges[:1])],
        [Piece(o, 5) for o in m.others[:1] if not m.lean],
        [Piece(m.closer, 5)],
        [Piece(m.call_to_action, 2), Piece(m.choose(m.phrases.profile_link, "profile"), 3)],
    ]


def _neighbourly(m: Material) -> list[Paragraph]:
    """Facebook: friendly and concrete."""
    return [
        [Piece(m.hook, 1), Piece(m.lead, 0)],
        [*(Piece(b, 4) for b in m.bridges[:1]), *(Piece(o, 4) for o in m.others[:1])],
        [Piece(m.audience, 6)] if m.chance(3, "audience") else [],
        [Piece(m.call_to_action, 2), Piece(m.closer, 5)],
    ]


def _clip(m: Material) -> list[Paragraph]:
    """TikTok: a caption of a line or two."""
    end = m.closer if m.chance(2, "clip") else m.call_to_action
    return [[Piece(m.hook, 1), Piece(m.lead, 0)], [*(Piece(b, 4) for b in m.bridges[:1]), Piece(end, 2)]]


def _description(m: Material) -> list[Paragraph]:
    """YouTube: what one will see, then the points of it."""
    points = "\n".join(f"• {other}" for other in m.others[:3])
    return [
        [Piece(m.hook, 1), Piece(m.lead, 0)],
        [Piece(points, 4)],
        [*(Piece(b, 5) for b in m.bridges[:1]), Piece(m.closer, 5)],
        [Piece(m.call_to_action, 2)],
        [Piece(m.tagline, 6)],
    ]


def _letter(m: Material) -> list[Paragraph]:
    """Email: greeting, body, the link, a name under it."""
    signature = f"{m.choose(m.phrases.signoffs, 'signoff')}\n{m.author}\n{m.role}, {m.brand}".strip()
    connector = m.choose(m.phrases.connectors, "letter")
    return [
        [Piece(m.choose(m.phrases.greetings, "greeting"), 3)],
        [Piece(m.hook, 1), Piece(m.lead, 0), *(Piece(b, 5) for b in m.bridges[:1])],
        [Piece(connector, 5), *(Piece(o, 5) for o in m.others[: 1 if m.lean else 2])],
        [Piece(b, 6) for b in m.bridges[1:2]],
        [Piece(f"{m.call_to_action}\n{LINK}", 2)],
        [Piece(signature, 3)],
        [Piece(m.choose(m.phrases.postscripts, "postscript"), 7)] if m.chance(2, "postscript") else [],
    ]


def _message(m: Material) -> list[Paragraph]:
    """SMS: who, what, where."""
    sender = "" if m.lead.casefold().startswith(m.brand.casefold()) else f"{m.brand}:"
    close = m.closer if m.chance(2, "sms") else ""
    words = [Piece(sender, 0), Piece(m.hook, 4), Piece(m.lead, 0), Piece(close, 5), Piece(m.call_to_action, 2)]
    return [[*words, Piece(LINK, 1)]]


def _article(m: Material) -> list[Paragraph]:
    """Blog: an opening, three sections, a way on."""
    headings = [m.choose((h,), "heading") for h in _rotated(m.phrases.headings, m.seed)]
    connectors = _rotated(m.phrases.connectors, m.seed // 7)
    paragraphs = [
        [Piece(m.hook, 1), Piece(m.lead, 0), Piece(m.choose(m.phrases.transitions, "transition"), 7)],
        [Piece(m.audience, 6)],
    ]
    for n, heading in enumerate(headings[:3]):
        told = m.others[2 * n : 2 * n + 2] or (m.lead,)
        words = [told[0], *m.bridges[n : n + 1]]
        if len(told) > 1:
            words += [m.filled(connectors[n % len(connectors)]) if connectors else "", told[1]]
        paragraphs += [[Piece(f"## {heading}", 4)], [Piece(word, 4) for word in words]]
    ending = m.choose(m.phrases.endings, "ending")
    return [*paragraphs, [Piece(ending, 5), Piece(m.call_to_action, 2)], [Piece(LINK, 2)]]


def _rotated(lines: tuple[str, ...], by: int) -> tuple[str, ...]:
    at = by % len(lines) if lines else 0
    return lines[at:] + lines[:at]


SHAPES: dict[Platform, Callable[[Material], list[Paragraph]]] = {
    Platform.X: _brief,
    Platform.BLUESKY: _brief,
    Platform.THREADS: _conversation,
    Platform.LINKEDIN: _professional,
    Platform.INSTAGRAM: _caption,
    Platform.FACEBOOK: _neighbourly,
    Platform.TIKTOK: _clip,
    Platform.YOUTUBE: _description,
    Platform.EMAIL: _letter,
    Platform.SMS: _message,
    Platform.BLOG: _article,
}
