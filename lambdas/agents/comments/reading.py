"""A reviewer's comment as wishes. Pure: it takes words, and knows no text and no brief.

A comment is read clause by clause ("shorter, and mention the deadline" has two). What no pattern of ``vocabulary`` fits
is ``Kind.UNCLEAR``, which is left to a person: a comment is never guessed at.
"""

import re
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from lambdas.agents.comments import vocabulary as v
from lambdas.domain.models.post import MAX_OUTCOMES


class Kind(StrEnum):
    SHORTER = "shorter"
    LONGER = "longer"
    OPENING = "opening"
    ANOTHER = "another"
    REMOVE = "remove"
    REMOVE_SENTENCE = "remove_sentence"
    REMOVE_HASHTAGS = "remove_hashtags"
    REMOVE_EMOJI = "remove_emoji"
    REMOVE_QUESTIONS = "remove_questions"
    REMOVE_EXCLAMATIONS = "remove_exclamations"
    REPLACE = "replace"
    USE = "use"
    MENTION = "mention"
    # From here on nothing can be done to the text by rule: a person reads them.
    AUDIENCE = "audience"
    HEADLINE = "headline"
    PICTURE = "picture"
    TIMING = "timing"
    LANGUAGE = "language"
    LINK = "link"
    TONE = "tone"
    UNCLEAR = "unclear"


QUOTED = "quoted"


class Wish(NamedTuple):
    kind: Kind
    said: str
    """The clause, as it was written."""
    what: str = ""
    """The words to remove, to use or to replace, or the subject to mention; ``first`` or ``last`` of a sentence; of a
    length ``30 %``, ``20 words`` or ``100 characters``."""
    by: str = ""
    """What replaces them; of words to use, ``start`` or ``end`` where the comment says so; of words to remove
    ``QUOTED`` where the comment quotes them."""


_SAID_CHARS = 200
_QUOTED = re.compile(r"[\"“„«]([^\"“”„«»]+)[\"”“»]|(?<!\w)['‘‚]([^'‘’‚\n]+)['’‘](?!\w)|`([^`\n]+)`")
_BLANKS = re.compile(r"[^\S\n]+")
_SENTENCE = re.compile(r"(?<!\d)[.!?]+(?:\s+|$)|[;\n]+|\s[-–—]\s")
_CLAUSE = re.compile(r",\s+|\s+(?:and|but|then|und|aber|sowie|et|mais|puis|y|e|pero)\s+", re.IGNORECASE)
_MARK = re.compile(r"⟦(\d+)⟧")


def _words_of(quotation: re.Match[str]) -> str:
    # Blanks are cut off here: in the pattern they would make it try each of them as the end of a long comment.
    return next(group for group in quotation.groups() if group is not None).strip()


def read(instructions: str) -> tuple[Wish, ...]:
    """The wishes of all comments, in their order, each once."""
    quotes: list[str] = []

    def kept(match: re.Match[str]) -> str:
        quotes.append(_words_of(match))
        return f"⟦{len(quotes) - 1}⟧"

    marked = _QUOTED.sub(kept, _BLANKS.sub(" ", instructions.replace("⟦", "").replace("⟧", "")))
    wishes: dict[Wish, None] = {}
    for sentence in _SENTENCE.split(marked):
        wishes.update(dict.fromkeys(_of_sentence(sentence, quotes)))
    if not wishes and instructions.strip():
        return (Wish(Kind.UNCLEAR, _excerpt(instructions)),)
    found = list(wishes)
    if len(found) > MAX_OUTCOMES:
        found = [
            *found[: MAX_OUTCOMES - 1],
            Wish(Kind.UNCLEAR, _excerpt(" ".join(w.said for w in found[MAX_OUTCOMES - 1 :]))),
        ]
    return tuple(found)


def without_quotes(instructions: str, unusable: Callable[[str], bool]) -> str:
    """The comments without the quotations that may not be used, so that nobody uses a part of them."""

    def kept(match: re.Match[str]) -> str:
        return "" if unusable(_words_of(match)) else match[0]

    return _QUOTED.sub(kept, instructions)


def quotes_to_use(instructions: str) -> tuple[str, ...]:
    """The quotations that may stand in the text, because a comment asks for them."""
    wishes = read(instructions)
    return tuple(w.what if w.kind is Kind.USE else w.by for w in wishes if w.kind in (Kind.USE, Kind.REPLACE))


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SAID_CHARS else line[: _SAID_CHARS - 1] + "…"


def _of_sentence(sentence: str, quotes: list[str]) -> list[Wish]:
    found: list[Wish] = []
    clauses = [clause for clause in _CLAUSE.split(sentence) if clause.strip()]
    if len(_MARK.findall(sentence)) == 2 and v.REPLACE.search(sentence.casefold()):
        clauses = [sentence]  # 'instead of "A", say "B"'
    for clause in clauses:
        if v.COURTESY.fullmatch(clause.casefold().strip()):
            continue
        said = _excerpt(_MARK.sub(lambda match: f'"{quotes[int(match[1])]}"', clause))
        wish = _of_clause(clause.strip(), said, quotes)
        if wish.kind is Kind.UNCLEAR and found:
            wish = _with_verb_of(found[-1].kind, clause, said) or wish
        found.append(wish)
    return found


def _with_verb_of(kind: Kind, clause: str, said: str) -> Wish | None:
    """A clause that goes on with what the one before it began: "mention the price and the deadline"."""
    if kind is Kind.MENTION:
        return Wish(kind, said, _object(clause))
    return _removal(clause, clause.casefold(), said) if kind in _REMOVALS else None


_REMOVALS = (Kind.REMOVE, Kind.REMOVE_HASHTAGS, Kind.REMOVE_EMOJI, Kind.REMOVE_QUESTIONS, Kind.REMOVE_EXCLAMATIONS)
_LEFT_TO_A_PERSON = (
    (v.AUDIENCE, Kind.AUDIENCE),
    (v.HEADLINE, Kind.HEADLINE),
    (v.PICTURE, Kind.PICTURE),
    (v.TIMING, Kind.TIMING),
    (v.LANGUAGE, Kind.LANGUAGE),
    (v.LINK, Kind.LINK),
)
_GONE = (
    (v.HASHTAGS, Kind.REMOVE_HASHTAGS),
    (v.EMOJI, Kind.REMOVE_EMOJI),
    (v.EXCLAMATIONS, Kind.REMOVE_EXCLAMATIONS),
)


def _of_clause(clause: str, said: str, quotes: list[str]) -> Wish:
    low = clause.casefold()
    quoted = [quotes[int(number)] for number in _MARK.findall(clause)]
    plain = Wish(Kind.UNCLEAR, said)
    if quoted:
        return _with_quotes(low, said, quoted) or plain
    for pattern, kind in _LEFT_TO_A_PERSON:
        if pattern.search(low):
            return Wish(kind, said)
    if v.REMOVE.search(low) and (wish := _removal(clause, low, said)):
        return wish
    negated = bool(v.NEGATION.search(low))
    length = Kind.LONGER if v.LONGER.search(low) else Kind.SHORTER if v.SHORTER.search(low) else None
    if length:
        # "It is not too short" is no wish, and "the first sentence is too long" is about that sentence alone.
        return plain if negated or v.OPENING.search(low) else Wish(length, said, _figure(low))
    if negated:
        return Wish(Kind.TONE, said) if v.TONE.search(low) else plain
    if v.OPENING.search(low):
        return Wish(Kind.OPENING, said)
    if v.ANOTHER.search(low):
        return Wish(Kind.ANOTHER, said)
    if v.MENTION.search(low) or (_names_a_fact(low) and not v.TONE.search(low)):
        return Wish(Kind.MENTION, said, _object(clause))
    return Wish(Kind.TONE, said) if v.TONE.search(low) else plain


_FIGURE = re.compile(
    r"(?<!\d)(\d{1,5})(?!\d)\s*(%|percent|prozent|pour cent|por ciento|words?|w[oö]rter|mots|palabras|\w+)"
)
_IN_WORDS = ("word", "wort", "wört", "mot", "palabra")


def _figure(low: str) -> str:
    """How much shorter or how long: ``30 %``, ``20 words``, ``100 characters``; empty where the clause does not say."""
    found = _FIGURE.search(low)
    if not found:
        return ""
    if found[2] in ("%", "percent", "prozent", "pour", "pour cent", "por", "por ciento"):
        return f"{found[1]} %"
    return f"{found[1]} {'words' if found[2].startswith(_IN_WORDS) else 'characters'}"


def _names_a_fact(low: str) -> bool:
    """Whether the clause says nothing but which fact it misses: "the deadline?"."""
    patterns = (v.DEADLINE, v.PRICE, v.CALL, v.PRODUCT_NAME)
    return len(low.split()) <= 4 and any(pattern.search(low) for pattern in patterns)


def _with_quotes(low: str, said: str, quoted: list[str]) -> Wish | None:
    if len(quoted) == 2 and v.REPLACE.search(low):
        instead = v.INSTEAD.search(low)
        new_first = instead is not None and low.index("⟦") < instead.start()
        old, new = reversed(quoted) if new_first else quoted
        return Wish(Kind.REPLACE, said, old, new)
    if len(quoted) != 1:
        return None
    before = low[: low.index("⟦")]
    if v.REMOVE.search(low):
        return Wish(Kind.REMOVE, said, quoted[0], QUOTED)
    if v.NEGATION.search(low) or not v.USE.search(before):
        return None
    where = "start" if v.OPENING.search(low) else "end" if v.CLOSING.search(low) else ""
    return Wish(Kind.USE, said, quoted[0], where)


def _removal(clause: str, low: str, said: str) -> Wish | None:
    for pattern, kind in _GONE:
        if pattern.search(low):
            return Wish(kind, said)
    for pattern, which in ((v.FIRST_SENTENCE, "first"), (v.LAST_SENTENCE, "last")):
        if pattern.search(low):
            return Wish(Kind.REMOVE_SENTENCE, said, which)
    if v.QUESTIONS.search(low):
        return Wish(Kind.REMOVE_QUESTIONS, said)
    if v.SHORTER.search(low) or v.LONGER.search(low):
        return None
    what = _object(clause)
    return Wish(Kind.REMOVE, said, what) if what else None


_VERBS = (v.REMOVE, v.MENTION)
_AROUND = re.compile(
    r"^(?:\W|(?:please|could|can|you|should|we|must|it|also|that|the|a|an|any|some|of|word|words|phrase|about|our|bit|part|"
    r"saying|bitte|auch|noch|dass|das|die|der|den|dem|ein|eine|einen|wort|wörter|mit|auf|hin|unser\w*|von|über|"
    r"le|la|les|l|un|une|des|du|de|d|mot|mots|que|aussi|sur|notre|nos|il|faut|vous|pourriez|"
    r"el|los|las|una|unos|palabra|palabras|también|nuestro|nuestra|del|al|debe|hay|que)(?!\w))+",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"(?:\W|(?<!\w)(?:please|bitte|too|again|anymore|in|the|text|post|here|here|erwähnen|nennen|hinzufügen|ergänzen|weglassen|"
    r"entfernen|streichen|löschen|verwenden|raus|weg|rein|hinzu|an|ein|auch|noch|s'il vous plaît|svp|por favor))+$",
    re.IGNORECASE,
)


def _object(clause: str) -> str:
    """What a verb of the clause is about, without articles: ``price`` of "please mention the price"."""
    low = clause.casefold()
    at = [match.end() for pattern in _VERBS if (match := pattern.search(low))]
    # In German the verb may come last ("den Preis erwähnen"), and then the object stands before it.
    rest = clause[max(at) :] if at and len(low) == len(clause) else clause
    rest = rest if _trimmed(rest) else clause
    return _trimmed(rest)


def _trimmed(text: str) -> str:
    return _AFTER.sub("", _AROUND.sub("", text.strip())).strip()
