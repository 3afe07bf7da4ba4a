"""How hard an English text is to read."""

import re
from functools import lru_cache

MIN_WORDS = 5
"""Below, the formula says nothing: one long name in a three-word line would fail it."""

_NOT_PROSE = re.compile(r"https?://\S+|www\.\S+|[#@]\w[\w.]*")
_SENTENCE_END = re.compile(r"[.!?…]+(?=\s|$)|\n+")
_WORD = re.compile(r"[a-z]+(?:['’][a-z]+)?", re.IGNORECASE)
_VOWELS = re.compile(r"[aeiouy]+")


@lru_cache(maxsize=64)  # a writer asks first, and its checker once more
def reading_grade(text: str) -> float | None:
    """The US school grade the text needs, or ``None`` with too few words to tell.

    Flesch-Kincaid: ``0.39 × words / sentences + 11.8 × syllables / words - 15.59`` (Kincaid et al., 1975,
    https://apps.dtic.mil/sti/citations/ADA006655). Links, hashtags and mentions are no prose and do not count;
    a line break ends a sentence.
    """
    prose = _NOT_PROSE.sub(" ", text)
    sentences = [words for part in _SENTENCE_END.split(prose) if (words := _WORD.findall(part))]
    count = sum(len(words) for words in sentences)
    if count < MIN_WORDS:
        return None
    spoken = sum(syllables(word) for words in sentences for word in words)
    return 0.39 * count / len(sentences) + 11.8 * spoken / count - 15.59


@lru_cache(maxsize=4_096)  # the posts of a campaign share their words
def syllables(word: str) -> int:
    """Syllables of an English word by its vowels: right for most words, within one for nearly all."""
    word = re.sub(r"['’].*", "", word.lower())
    count = len(_VOWELS.findall(word))
    silent = (word.endswith("e") and not word.endswith(("le", "ee", "ye"))) or re.search(r"[^aeiouytd]ed$", word)
    if silent and count > 1:
        count -= 1
    return max(count, 1)
