"""A text as lines of sentences, so that one can be taken out, put in or found."""

import re
import unicodedata

_BREAK = re.compile(r"(?<=[.!?…])(?<!\d\.)\s+(?=\S)|(?<=[.!?…][\"”»])\s+(?=\S)")
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_BLANK = re.compile(r"\n{3,}")

POINTS = ("• ", "- ")
"""What the points of a list begin with."""
Lines = list[list[str]]


def lines_of(text: str) -> Lines:
    """Each line of the text as its sentences; a blank line has none."""
    return [[part for part in _BREAK.split(line) if part.strip()] for line in text.split("\n")]


def removed(lines: Lines, number: int, at: int) -> Lines:
    """Without that sentence; without its line where nothing else is on it, and without the heading of a list of which
    it was the last point."""
    left = lines[number][:at] + lines[number][at + 1 :]
    if left:
        return [*lines[:number], left, *lines[number + 1 :]]
    above, below = lines[:number], lines[number + 1 :]
    heading = next((n for n in reversed(range(number)) if lines[n]), None)
    if heading is not None and heads_list(lines, heading) and not (below and is_point(below[0])):
        above = above[:heading]
    return [*above, *below]


def is_point(line: list[str]) -> bool:
    """Of a list."""
    return bool(line) and line[0].startswith(POINTS)


def heads_list(lines: Lines, number: int) -> bool:
    """Whether the points of a list are below that line, which is none itself."""
    below = next((line for line in lines[number + 1 :] if line), [])
    headed = bool(lines[number]) and (lines[number][0].startswith("## ") or lines[number][-1].endswith(":"))
    return headed and not is_point(lines[number]) and is_point(below)


def text_of(lines: Lines) -> str:
    """The lines as one text; a heading whose section is empty goes with it."""
    joined = [" ".join(line) for line in lines]
    kept = []
    for number, line in enumerate(joined):
        following = next((later for later in joined[number + 1 :] if later), "")
        if line.startswith("## ") and (not following or following.startswith("## ")):
            continue
        kept.append(line)
    return _BLANK.sub("\n\n", "\n".join(kept)).strip()


def words_of(text: str) -> list[str]:
    """In lower case, without punctuation and accents, which a message in plain characters lacks."""
    plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold().replace("’", "'"))
    return _WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))


def opening_of(text: str) -> str:
    """The first sentence, after the greeting of a mail."""
    sentences = [sentence for line in lines_of(text) for sentence in line]
    return next((s for s in sentences if s.rstrip()[-1:] in ".!?…:" and len(words_of(s)) > 1), "".join(sentences[:1]))


def runs_of(words: list[str], length: int) -> set[tuple[str, ...]]:
    """Every so many words that follow each other."""
    return {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}


def contains(text: str, phrase: str) -> bool:
    """Whether the words of the phrase follow each other in the text."""
    wanted = words_of(phrase)
    return bool(wanted) and tuple(wanted) in runs_of(words_of(text), len(wanted))


def replaced(text: str, old: str, new: str) -> str:
    """With ``new`` wherever ``old`` stands as words of its own."""
    pattern = re.compile(rf"(?<!\w){re.escape(old)}(?!\w)", re.IGNORECASE)
    return pattern.sub(lambda _: new, text)
