"""What changed between two texts, word by word."""

import re
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple

MAX_WORDS = 2_000
"""Of both texts together: beyond, the old one is shown removed and the new one added."""
_WORD = re.compile(r"\s+|\w+|[^\w\s]")


class Change(StrEnum):
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


class Part(NamedTuple):
    change: Change
    text: str


def word_diff(before: str, after: str) -> tuple[Part, ...]:
    """Parts in reading order, removed before added. Without the removed ones they are ``after``, and vice versa."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > MAX_WORDS:
        parts = [Part(Change.REMOVED, before), Part(Change.ADDED, after)]
    else:
        parts = []
        for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind == "equal":
                parts.append(Part(Change.SAME, "".join(old[i1:i2])))
                continue
            parts += [Part(Change.REMOVED, "".join(old[i1:i2])), Part(Change.ADDED, "".join(new[j1:j2]))]
    return tuple(part for part in parts if part.text)
