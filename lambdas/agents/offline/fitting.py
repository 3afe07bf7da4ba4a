"""Paragraphs of sentences, of which the least important go first when space is short."""

from collections.abc import Sequence
from typing import NamedTuple

from lambdas.domain.limits import LIMITS, measure
from lambdas.domain.limits.measure import COUNTERS
from lambdas.domain.limits.table import Unit
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
