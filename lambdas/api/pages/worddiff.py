"""What changed between two texts, word by word."""

import re
from difflib import SequenceMatcher
from enum import StrEnum
from typing import NamedTuple

MAX_WORDS = 2_000
"""Of both texts together: beyond, the old one is shown removed and the new one added."""
_WORDS_TO_STAY = 2
"""Words that two changes have between them, or are one."""
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
        parts = [part for step in _steps(old, new) for part in _parts(*step)]
    return tuple(part for part in parts if part.text)


class _Step(NamedTuple):
    same: bool
    old: list[str]
    new: list[str]


def _steps(old: list[str], new: list[str]) -> list[_Step]:
    """Alternately the same and changed. Between two changes it takes a word to stay the same: a space or a comma that
    both texts happen to have would tear what was rewritten into shreds.
    """
    steps: list[_Step] = []
    opcodes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (kind, i1, i2, j1, j2) in enumerate(opcodes):
        words = sum(token[0].isalnum() for token in old[i1:i2])
        between = 0 < number < len(opcodes) - 1
        step = _Step(kind == "equal" and not (between and words < _WORDS_TO_STAY), old[i1:i2], new[j1:j2])
        if steps and not step.same and not steps[-1].same:
            step = _Step(False, steps[-1].old + step.old, steps.pop().new + step.new)
        steps.append(step)
    return steps


def _parts(same: bool, old: list[str], new: list[str]) -> list[Part]:
    if same:
        return [Part(Change.SAME, "".join(old))]
    return [Part(Change.REMOVED, "".join(old)), Part(Change.ADDED, "".join(new))]
