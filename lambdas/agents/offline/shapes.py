"""How a post looks on each platform: which sentences, in which order, and which of them may go.

Paragraphs are made of sentences, and the least important of these go first when space is short.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from lambdas.agents.offline.material import LINK, Material, closed
from lambdas.agents.offline.planner import refers_to_product
from lambdas.domain.limits import LIMITS, measure, sms_segments
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


def _post(m: Material) -> list[Paragraph]:
    """X, Bluesky: one thought and what to do."""
    return [[Piece(m.headline, 0)], [Piece(_call(m), 2)]]


def _call(m: Material) -> str:
    """The call to action, unless the post has begun with it."""
    return "" if m.lead.casefold().startswith(m.call_to_action.casefold().strip("¡.!")) else m.call_to_action


def _caption(m: Material) -> list[Paragraph]:
    """Instagram, TikTok: the link is in the profile, and the call to action says so."""
    pointer = m.phrases.profile[0 if m.has_link else 1]
    call = closed(pointer.replace("{call}", m.call_to_action.strip("¡.!")))
    points = _points(m, 2) if m.platform is Platform.INSTAGRAM and m.number % 2 else ""
    return [[Piece(m.headline, 0)], [Piece(points, 4)], [Piece(call, 0)]]


def _conversation(m: Material) -> list[Paragraph]:
    """Facebook, Threads: concrete and short, now and then with a list."""
    points = _points(m, 2) if m.number % 2 else ""
    return [[Piece(m.headline, 0)], [Piece(points, 4)], [Piece(_call(m), 2)]]


def _professional(m: Material) -> list[Paragraph]:
    """LinkedIn, YouTube: a line that stands alone, the points, and what to do."""
    return [[Piece(m.headline, 0)], [Piece(_points(m, 3), 4)], [Piece(_call(m), 2)]]


def _letter(m: Material) -> list[Paragraph]:
    """Email: greeting, body, the link, a name under it."""
    signature = f"{next(iter(m.phrases.signoffs), '')}\n{m.author}\n{_post_of(m)}".strip()
    return [
        [Piece(next(iter(m.phrases.greetings), ""), 3)],
        [Piece(m.headline, 0)],
        [Piece(_points(m, 3), 5)],
        [Piece(f"{m.call_to_action}\n{LINK}", 2)],
        [Piece(signature, 3)],
    ]


def _post_of(m: Material) -> str:
    return m.role if m.brand.casefold() in f"{m.role} {m.author}".casefold() else f"{m.role}, {m.brand}"


def _message(m: Material) -> list[Paragraph]:
    """SMS: who, what, where, in one segment."""
    signed = any(name.casefold() in m.headline.casefold() for name in (m.brand, m.product))
    short = m.headline if signed else f"{m.brand}: {m.lead}"
    spare = m.room - len(m.call_to_action) - len(LINK) - 2
    said = next((text for text in (short, f"{m.brand}: {m.lead}", m.lead) if _segment_units(text) <= spare), "")
    said = said or closed(m.product if m.brand.casefold() in m.product.casefold() else f"{m.brand}: {m.product}")
    return [[Piece(said, 0), Piece(m.call_to_action, 1), Piece(LINK, 1)]]


def _segment_units(text: str) -> int:
    return sms_segments(text).units


def _article(m: Material) -> list[Paragraph]:
    """Blog: an opening, what there is to know under a heading, a way on."""
    heading, _, points = _points(m, 5).partition("\n")
    points = points.replace("• ", "- ")
    body = f"## {heading.rstrip(' :')}\n\n{points}" if points else ""
    return [[Piece(m.headline, 0)], [Piece(body, 4)], [Piece(m.call_to_action, 2)], [Piece(LINK, 2)]]


def _points(m: Material, most: int) -> str:
    """A heading and other statements below; empty where this would come a second time in the campaign.

    Post by post the heading is the next one. When all had their turn they come again, with the statements in the
    opposite order, and then no more.
    """
    turn, place = divmod(m.number, len(m.phrases.lists))
    heading = m.phrases.lists[place]
    fitting = [text for text in m.others if "{product}" in heading or not refers_to_product(text, m.language)]
    if turn > 1 or len(fitting) < _SHORTEST_LIST + turn:
        return ""
    items = "\n".join(f"• {_item(text)}" for text in (fitting[::-1] if turn else fitting)[:most])
    return f"{m.filled(heading)}{m.phrases.colon}\n{items}"


def _item(text: str) -> str:
    """Without its full stop, where it is one sentence."""
    return text[:-1] if text.endswith(".") and not _MORE.search(text) else text


_MORE = re.compile(r"[.!?](?<!\d\.) ")

_SHORTEST_LIST = 2


SHAPES: dict[Platform, Callable[[Material], list[Paragraph]]] = {
    Platform.X: _post,
    Platform.BLUESKY: _post,
    Platform.THREADS: _conversation,
    Platform.LINKEDIN: _professional,
    Platform.INSTAGRAM: _caption,
    Platform.FACEBOOK: _conversation,
    Platform.TIKTOK: _caption,
    Platform.YOUTUBE: _professional,
    Platform.EMAIL: _letter,
    Platform.SMS: _message,
    Platform.BLOG: _article,
}
