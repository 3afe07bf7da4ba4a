"""How similar two texts are, and which of many are near-duplicates.

Texts are compared as sets of word pairs (Jaccard). The search is exact, not sampled: two sets that are at least
``threshold`` similar must share one of the rarest ``(1 - threshold)`` part of their members, so only texts that share
one are compared (prefix filtering, Bayardo et al., "Scaling up all pairs similarity search", WWW 2007).
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import NamedTuple

# Scripts without spaces are compared character by character.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")


class _Candidate(NamedTuple):
    position: int
    shingles: frozenset[str]
    prefix: list[str]


def similarity(a: str, b: str) -> float:
    """From 0 (no two consecutive words in common) to 1 (the same words in the same order).

    Case, punctuation and spacing do not count.
    """
    return _jaccard(_shingles(a), _shingles(b))


def difference(new: str, old: str) -> float:
    """The part of the new text's words that the old one does not have, from 0 to 1; a word counts as often as it stands
    there, wherever."""
    words, before = Counter(_tokens(new)), Counter(_tokens(old))
    return 1 - (words & before).total() / words.total() if words else 0.0


def near_duplicates(texts: Sequence[str], threshold: float = 0.8) -> list[tuple[int, int, float]]:
    """For each text that resembles an earlier one by at least ``threshold`` (0 < threshold <= 1): ``(earlier, later,
    similarity)``.

    A text is named at most once as the later one, so the result lists the texts to rewrite and is never longer than
    ``len(texts)``. Ordered by the later index. 10,000 posts take a few seconds.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"the threshold is above 0 and at most 1, not {threshold}")
    sets = [_shingles(text) for text in texts]
    frequency = Counter(shingle for shingles in sets for shingle in shingles)
    seen: dict[frozenset[str], int] = {}
    index: defaultdict[str, list[int]] = defaultdict(list)
    found: list[tuple[int, int, float]] = []
    for later, shingles in enumerate(sets):
        if shingles in seen:
            found.append((seen[shingles], later, 1.0))
            continue
        seen[shingles] = later
        rare_first = sorted(shingles, key=lambda shingle: (frequency[shingle], shingle))
        prefix = rare_first[: len(rare_first) - ceil(threshold * len(rare_first)) + 1]
        match = _first_match(_Candidate(later, shingles, prefix), sets, index, threshold)
        if match:
            found.append(match)
        for shingle in prefix:
            index[shingle].append(later)
    return found


class EarlierTexts:
    """Texts that new ones are compared with, prepared once."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._sets = tuple(_shingles(text) for text in texts)

    def likeness(self, text: str, threshold: float = 0.8) -> float | None:
        """The similarity of ``text`` to the most similar of them, or ``None`` below ``threshold`` (0 < threshold <=
        1)."""
        shingles = _shingles(text)
        low, high = threshold * len(shingles), len(shingles) / threshold
        scores = (_jaccard(earlier, shingles) for earlier in self._sets if low <= len(earlier) <= high)
        most = max(scores, default=0.0)
        return most if most >= threshold else None


def _first_match(
    candidate: _Candidate,
    sets: Sequence[frozenset[str]],
    index: defaultdict[str, list[int]],
    threshold: float,
) -> tuple[int, int, float] | None:
    size = len(candidate.shingles)
    compared: set[int] = set()
    for shingle in candidate.prefix:
        for earlier in index.get(shingle, ()):
            if earlier in compared:
                continue
            compared.add(earlier)
            # Sets whose sizes differ too much cannot be similar enough.
            if not threshold * size <= len(sets[earlier]) <= size / threshold:
                continue
            score = _jaccard(sets[earlier], candidate.shingles)
            if score >= threshold:
                return earlier, candidate.position, score
    return None


def _shingles(text: str) -> frozenset[str]:
    tokens = _tokens(text)
    if len(tokens) < 2:
        # A text without word pairs (an emoji, a single word) only resembles an identical text.
        return frozenset(tokens or [text.strip()])
    return frozenset(f"{first} {second}" for first, second in pairwise(tokens))


def _tokens(text: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def _jaccard(a: frozenset[str], b: frozenset[str]) -> float:
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)
