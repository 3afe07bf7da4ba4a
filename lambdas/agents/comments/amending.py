"""A wish carried out on a text, sentence by sentence, with nothing but the brief's own sentences and quoted words.

Another opening and another angle take a writer, and are not here (``lambdas.agents.offline.revision``).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from lambdas.agents.cleaning import cleaned
from lambdas.agents.comments.facts import Facts, fact_meant, says
from lambdas.agents.comments.passages import (
    POINTS,
    Lines,
    contains,
    heads_list,
    is_point,
    lines_of,
    opening_of,
    removed,
    replaced,
    text_of,
    words_of,
)
from lambdas.agents.comments.reading import Kind, Wish
from lambdas.agents.draft import Draft
from lambdas.agents.offline.material import LINK
from lambdas.domain.compliance.copy_rules import refers_back
from lambdas.domain.limits import measure
from lambdas.domain.limits.measure import graphemes, is_emoji
from lambdas.domain.platforms import Platform

SHORTER = 0.7
"""Of the length before, which a text that is to be shorter is brought to where its sentences allow it."""
_FEW_WORDS = 3
"""Fewer quoted words are no sentence, and where in a sentence they belong a rule cannot know."""


class Setting(NamedTuple):
    """What a wish is carried out in."""

    platform: Platform
    room: int
    """What the draft's text may measure."""
    facts: Facts
    language: str
    kept: tuple[str, ...] = ()
    """Sentences that other wishes want in the text: they are not taken out to make it shorter."""


def edited(draft: Draft, wishes: Iterable[Wish], setting: Setting) -> Draft:
    """The draft with the wishes carried out that can be; of the others nothing is to be seen in it."""
    wishes = tuple(wishes)
    setting = setting._replace(kept=tuple(wanted(wishes, setting.facts)))
    for kind in (Kind.REPLACE, *_TAKEN_OUT, Kind.MENTION, Kind.USE, Kind.LONGER, Kind.SHORTER):
        for wish in wishes:
            if wish.kind is kind:
                draft = _EDITS[kind](draft, wish, setting)
    return draft


def wanted(wishes: Iterable[Wish], facts: Facts) -> Iterator[str]:
    """The sentences and quotations that the wishes ask for."""
    for wish in wishes:
        if wish.kind is Kind.MENTION and (fact := fact_meant(wish.what, facts)):
            yield fact
        elif wish.kind in (Kind.USE, Kind.REPLACE):
            yield wish.what if wish.kind is Kind.USE else wish.by


def usable_quote(quote: str) -> bool:
    """Whether quoted words may stand in a text as a sentence: no link, no markup, and enough of them."""
    return cleaned(quote) == quote and (len(words_of(quote)) >= _FEW_WORDS or quote[-1:] in ".!?")


def _replace(draft: Draft, wish: Wish, _: Setting) -> Draft:
    if cleaned(wish.by) != wish.by or not contains(draft.text, wish.what):
        return draft
    return draft.model_copy(update={"text": replaced(draft.text, wish.what, wish.by)})


def _remove(draft: Draft, wish: Wish, setting: Setting) -> Draft:
    """Without the sentences that say the words, or that say the fact the words mean."""
    fact = None if contains(draft.text, wish.what) else fact_meant(wish.what, setting.facts)

    def goes(sentence: str) -> bool:
        return says(sentence, fact) if fact else contains(sentence, wish.what)

    return _without(draft, goes)


def _remove_sentence(draft: Draft, wish: Wish, _: Setting) -> Draft:
    sentences = [s for line in lines_of(draft.text) for s in line]
    chosen = opening_of(draft.text) if wish.what == "first" else sentences[-1] if sentences else ""
    return draft if LINK in chosen else _without(draft, lambda sentence: sentence == chosen)


def _remove_questions(draft: Draft, _: Wish, __: Setting) -> Draft:
    return _without(draft, lambda sentence: "?" in sentence)


def _without(draft: Draft, goes: Callable[[str], bool]) -> Draft:
    """Without those sentences, unless none would be left. A link stays, and whatever stands in its sentence."""
    lines = lines_of(draft.text)
    for number in reversed(range(len(lines))):
        for at in reversed(range(len(lines[number]))):
            if number < len(lines) and LINK not in lines[number][at] and goes(lines[number][at]):
                lines = removed(lines, number, at)
    text = text_of(lines)
    return draft.model_copy(update={"text": text}) if words_of(text.replace(LINK, "")) else draft


def _remove_hashtags(draft: Draft, _: Wish, __: Setting) -> Draft:
    return draft.model_copy(update={"hashtags": (), "text": re.sub(r"#(?=\w)", "", draft.text)})


def _remove_emoji(draft: Draft, _: Wish, __: Setting) -> Draft:
    kept = "".join(g for g in graphemes(draft.text) if not is_emoji(g)) if not draft.text.isascii() else draft.text
    text = "\n".join(" ".join(line.split()) for line in kept.split("\n"))
    return draft.model_copy(update={"text": text})


def _remove_exclamations(draft: Draft, _: Wish, __: Setting) -> Draft:
    calm = re.sub(r"\s?!+", ".", draft.text.replace("¡", "")).replace("?.", "?")
    call = draft.call_to_action and re.sub(r"\s?!+", ".", draft.call_to_action.replace("¡", ""))
    return draft.model_copy(update={"text": calm, "call_to_action": call})


def _mention(draft: Draft, wish: Wish, setting: Setting) -> Draft:
    fact = fact_meant(wish.what, setting.facts)
    if fact is None or says(draft.text, fact):
        return draft
    return _with_sentence(draft, fact, setting)


def _use(draft: Draft, wish: Wish, setting: Setting) -> Draft:
    if wish.what in draft.text or not usable_quote(wish.what):
        return draft
    said = wish.what if wish.what[-1:] in ".!?…" else f"{wish.what}."
    return _with_sentence(draft, said, setting, wish.by)


def _longer(draft: Draft, _: Wish, setting: Setting) -> Draft:
    for fact in setting.facts.sentences:
        if not says(draft.text, fact):
            longer = _with_sentence(draft, fact, setting._replace(kept=(*setting.kept, draft.text)))
            if len(words_of(longer.text)) > len(words_of(draft.text)):
                return longer
    return draft


def _with_sentence(draft: Draft, said: str, setting: Setting, where: str = "") -> Draft:
    """With one sentence more, and where there is no room, without others that nobody asked for; else as it was."""
    lines = _put_in(lines_of(draft.text), said, setting.facts, where)
    kept = setting._replace(kept=(*setting.kept, said))
    lines = _brought_to(lines, setting.room, kept)
    text = text_of(lines)
    return draft.model_copy(update={"text": text}) if measure(setting.platform, text) <= setting.room else draft


def _put_in(lines: Lines, said: str, facts: Facts, where: str) -> Lines:
    """Before the call to action, or the link, or at the end: what a reader is to do comes last."""
    first = next((n for n, line in enumerate(lines) if line and not line[0].startswith("#")), 0)
    opening = opening_of(text_of(lines))
    if where == "start":
        at = next((n for n, line in enumerate(lines) if opening in line), first)
        return [*lines[:at], [said, *lines[at]], *lines[at + 1 :]]
    for number, line in enumerate(lines):
        for place, sentence in enumerate(line):
            if where != "end" and (LINK in sentence or _is_call(sentence, facts)) and (number, place) != (first, 0):
                if place:
                    return [*lines[:number], [*line[:place], said, *line[place:]], *lines[number + 1 :]]
                return _below(lines, max((n for n in range(number) if lines[n]), default=number), said)
    return _below(lines, max((n for n, line in enumerate(lines) if line and LINK not in line[-1]), default=first), said)


def _below(lines: Lines, number: int, said: str) -> Lines:
    """At the end of that line; below it, where it is a list's."""
    if is_point(lines[number]):
        return [*lines[: number + 1], [], [said], *lines[number + 1 :]]
    return [*lines[:number], [*lines[number], said], *lines[number + 1 :]]


def _shorten(draft: Draft, wish: Wish, setting: Setting) -> Draft:
    before = measure(setting.platform, draft.text)
    lines = _brought_to(lines_of(draft.text), int(before * SHORTER), setting, in_words=_words_allowed(wish))
    if wish.what.endswith(("%", "characters")):
        figure = int(wish.what.split()[0])
        target = before * (100 - figure) // 100 if wish.what.endswith("%") else figure
        lines = _brought_to(lines, min(target, int(before * SHORTER)), setting)
    if not _fits(lines, int(before * SHORTER), setting, _words_allowed(wish)):
        lines = [[_bare(sentence, setting) for sentence in line] for line in lines]
    return draft.model_copy(update={"text": text_of(lines)})


def _bare(sentence: str, setting: Setting) -> str:
    """The fact alone, of a sentence that says it with more words around it, where it stands on its own feet."""
    told = (f for f in setting.facts.sentences if contains(sentence, f) and not refers_back(f, setting.language))
    fact = max(told, key=len, default=sentence)
    return fact if LINK not in sentence and not sentence.startswith(POINTS) else sentence


def _words_allowed(wish: Wish) -> int | None:
    return int(wish.what.split()[0]) if wish.what.endswith("words") else None


def _brought_to(lines: Lines, length: int, setting: Setting, in_words: int | None = None) -> Lines:
    """Without the least important sentences, until the text measures at most so much or only what matters is left."""
    while not _fits(lines, length, setting, in_words) and (place := _least_important(lines, setting)):
        lines = removed(lines, *place)
    return lines


def _fits(lines: Lines, length: int, setting: Setting, in_words: int | None) -> bool:
    text = text_of(lines)
    return measure(setting.platform, text) <= length and (in_words is None or len(words_of(text)) <= in_words)


def _least_important(lines: Lines, setting: Setting) -> tuple[int, int] | None:
    """Where the sentence is that may go first: what says nothing of the brief, the last of it before the first; then
    what says more of it than one fact."""
    facts = setting.facts
    told = [s for line in lines for s in line if any(says(s, fact) for fact in facts.sentences)]
    opening = opening_of(text_of(lines))
    filler, more, first = [], [], []
    for number, line in enumerate(lines):
        for at, sentence in enumerate(line):
            if heads_list(lines, number) or not _may_go(sentence, setting):
                continue
            if sentence == opening:
                first.append((number, at))
            elif sentence not in told:
                filler.append((number, at))
            elif len(told) > 1 and sentence != told[0]:
                more.append((number, at))
    # The opening goes last, and only before a sentence of the brief that can stand alone.
    return next(
        (places[-1] for places in (filler, more, first if told and opening not in told else []) if places), None
    )


def _may_go(sentence: str, setting: Setting) -> bool:
    """Not the link, the call to action, a heading, what another wish asks for, or the lines around a letter."""
    if LINK in sentence or sentence.startswith("## ") or _is_call(sentence, setting.facts):
        return False
    if any(contains(sentence, said) for said in setting.kept if len(words_of(said)) <= len(words_of(sentence))):
        return False
    around = (
        setting.platform is Platform.EMAIL and sentence.rstrip()[-1:] not in ".!?…" and not sentence.startswith(POINTS)
    )
    return not around


def _is_call(sentence: str, facts: Facts) -> bool:
    return bool(facts.call_to_action) and contains(sentence, facts.call_to_action)


_EDITS = {
    Kind.REPLACE: _replace,
    Kind.REMOVE: _remove,
    Kind.REMOVE_SENTENCE: _remove_sentence,
    Kind.REMOVE_HASHTAGS: _remove_hashtags,
    Kind.REMOVE_EMOJI: _remove_emoji,
    Kind.REMOVE_QUESTIONS: _remove_questions,
    Kind.REMOVE_EXCLAMATIONS: _remove_exclamations,
    Kind.MENTION: _mention,
    Kind.USE: _use,
    Kind.LONGER: _longer,
    Kind.SHORTER: _shorten,
}
_TAKEN_OUT = (
    Kind.REMOVE,
    Kind.REMOVE_SENTENCE,
    Kind.REMOVE_HASHTAGS,
    Kind.REMOVE_EMOJI,
    Kind.REMOVE_QUESTIONS,
    Kind.REMOVE_EXCLAMATIONS,
)
