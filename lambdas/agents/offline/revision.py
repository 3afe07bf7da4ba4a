"""A post that was sent back, without a model: the comments carried out on the text that the reviewers saw, or another
text in its place. A comment's own words are never written, but those it quotes to be used."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lambdas.agents.comments.amending import Setting, edited
from lambdas.agents.comments.facts import facts_in, says
from lambdas.agents.comments.judging import OTHER, settled
from lambdas.agents.comments.passages import (
    POINTS,
    contains,
    heads_list,
    lines_of,
    opening_of,
    removed,
    text_of,
    words_of,
)
from lambdas.agents.comments.reading import Kind, Wish, read
from lambdas.agents.draft import Draft
from lambdas.agents.intents import intents_of
from lambdas.agents.offline.material import LINK
from lambdas.agents.offline.phrases import sms_opt_out
from lambdas.agents.offline.planner import propose_topics
from lambdas.agents.seeding import derive_seed, shuffled
from lambdas.domain.compliance.copy_rules import PROFILE_ONLY
from lambdas.domain.limits import measure
from lambdas.domain.message_kinds import TypedMessage
from lambdas.domain.platforms import Platform
from lambdas.domain.similarity import difference

Write = Callable[[Mapping[str, Any], int], dict[str, Any]]
"""Writes a draft from a payload and a seed (``writer.write_draft``)."""

_TRIES = 24
_ENOUGH = 0.65
"""Of its words are not the predecessor's: more is not looked for."""
_MARGIN = 0.08
_OPENINGS = 12
_MAY_STAND = ("agent.repetition", "agent.another", "copy.")
"""Rules that a text is not refused for."""


def revise(payload: Mapping[str, Any], seed: int, write: Write) -> dict[str, Any]:
    """A draft in the wire form of ``Draft``: written anew where nothing was sent back.

    A revision that broke a rule is given up: the text stays as it was seen, and its comments are left to a person.
    """
    revision = payload.get("revision")
    if not revision:
        return write(payload, seed)
    plain = {name: value for name, value in payload.items() if name != "revision"} | {"broken": ["again"]}
    seen = Draft.from_wire(revision["previous"]) if revision.get("previous") else None
    fresh = bool(revision.get("fresh"))
    if seen and not fresh and _refused(payload):
        return seen.to_wire()
    start = seen if seen and not fresh else _another(plain, seed, write, seen)
    wishes = () if _refused(payload) else read(str(revision.get("instructions", "")))
    setting = _setting(payload)

    def carried_out(tried: Sequence[Wish]) -> Draft:
        kinds = {wish.kind for wish in tried}
        draft = _another(plain, seed, write, start) if Kind.ANOTHER in kinds else start
        if Kind.OPENING in kinds:
            draft = _opened_otherwise(plain, seed, write, draft)
        return edited(draft, tried, setting)

    return settled(wishes, start, carried_out, setting.facts, setting.platform).to_wire()


def _setting(payload: Mapping[str, Any]) -> Setting:
    return Setting(Platform(payload["platform"]), int(payload["room"]), facts_in(payload), payload["language"])


def _refused(payload: Mapping[str, Any]) -> bool:
    return any(not said.startswith(_MAY_STAND) for said in payload.get("broken", ()))


def _another(payload: Mapping[str, Any], seed: int, write: Write, seen: Draft | None) -> Draft:
    """The draft that has least in common with the one that was seen: another topic, and none of its sentences."""
    if seen is None:
        return Draft.from_wire(write(payload, seed))
    best, most = seen, -1.0
    for number, topic in zip(range(_TRIES), _other_topics(payload, seed, seen.text), strict=False):
        changed = {**payload, "topic": topic["topic"], "intent": topic["intent"]}
        draft = Draft.from_wire(write(changed, derive_seed(seed, "another", number)))
        draft = _without_call(_filled(_thinned(draft, seen, payload), seen, payload), seen, payload)
        other = _difference(draft.text, seen, payload)
        if other > most:
            best, most = draft, other
        if other >= _ENOUGH:
            break
    return best if most >= 0 else Draft.from_wire(write(payload, derive_seed(seed, "another")))


def _difference(text: str, seen: Draft, payload: Mapping[str, Any]) -> float:
    """As a reader meets both: a message ends with the same opt-out each time."""
    end = sms_opt_out(payload["language"]) if payload["platform"] == Platform.SMS else ""
    return difference(f"{text.replace(LINK, '')} {end}", f"{seen.text.replace(LINK, '')} {end}")


def _other_topics(payload: Mapping[str, Any], seed: int, seen: str) -> Iterator[dict[str, Any]]:
    """Topics of the statements that the text that was seen does not say; then of those that it does not open with."""
    statements = [TypedMessage.from_internal(statement) for statement in payload["statements"]]
    numbers = shuffled(range(1, len(statements) + 1), seed, "statements")
    unsaid = [number for number in numbers if not says(seen, statements[number - 1].text)]
    inside = [number for number in numbers if number not in unsaid]
    later = [number for number in inside if not says(opening_of(seen), statements[number - 1].text)]
    for number in unsaid + later:
        wanted = [
            {"intent": intent.value, "message": number, "number": 2}
            for intent in intents_of(statements[number - 1].kind)
        ]
        yield from propose_topics({**payload, "wanted": wanted, "taken": [payload["topic"]]}, seed)["topics"]


def _thinned(draft: Draft, seen: Draft, payload: Mapping[str, Any]) -> Draft:
    """Without the sentences that make it like the one that was seen, as far as that takes. The opening, the sentence
    after it, the link and the call to action stay."""
    lines = lines_of(draft.text)
    opening = next(((n, 0) for n, line in enumerate(lines) if opening_of(draft.text) in line), (0, 0))
    while _difference(text_of(lines), seen, payload) < _ENOUGH:
        places = [(n, at) for n, line in enumerate(lines) for at in range(len(line)) if (n, at) > opening][1:]
        shorter = [
            removed(lines, n, at) for n, at in places if not heads_list(lines, n) and _may_go(lines[n][at], draft, seen)
        ]
        best = max(shorter, key=lambda tried: _difference(text_of(tried), seen, payload), default=lines)
        if _difference(text_of(best), seen, payload) <= _difference(text_of(lines), seen, payload):
            break
        lines = best
    return draft.model_copy(update={"text": text_of(lines)})


def _filled(draft: Draft, seen: Draft, payload: Mapping[str, Any]) -> Draft:
    """With statements that were not seen, as far as a short text with the same call to action needs them."""
    facts = facts_in(payload)
    setting = Setting(
        Platform(payload["platform"]), int(payload["room"]), facts, payload["language"], (opening_of(draft.text),)
    )
    for fact in facts.sentences:
        if _difference(draft.text, seen, payload) > OTHER + _MARGIN:
            return draft
        if not says(draft.text, fact) and not says(seen.text, fact):
            draft = edited(draft, [Wish(Kind.MENTION, "", fact)], setting)
    return draft


def _without_call(draft: Draft, seen: Draft, payload: Mapping[str, Any]) -> Draft:
    """Without the call to action, where that is half of a message that its link ends; the caption of a profile has to
    have it."""
    if _difference(draft.text, seen, payload) > OTHER + _MARGIN or Platform(payload["platform"]) in PROFILE_ONLY:
        return draft
    lines = lines_of(draft.text)
    places = [
        (n, at) for n, line in enumerate(lines) for at, s in enumerate(line) if _calls(s, draft) and LINK not in s
    ]
    if not places:
        return draft
    return _filled(draft.model_copy(update={"text": text_of(removed(lines, *places[0]))}), seen, payload)


def _calls(sentence: str, draft: Draft) -> bool:
    return bool(draft.call_to_action) and contains(sentence, draft.call_to_action or "")


def _may_go(sentence: str, draft: Draft, seen: Draft) -> bool:
    around = sentence.startswith("## ") or (sentence.rstrip()[-1:] not in ".!?…" and not sentence.startswith(POINTS))
    asked = _calls(sentence, draft) or LINK in sentence
    return not (around or asked) and bool(set(words_of(sentence)) & set(words_of(seen.text)))


def _opened_otherwise(payload: Mapping[str, Any], seed: int, write: Write, draft: Draft) -> Draft:
    """With the opening of a draft on another topic before its own; in its place where both do not fit, or where its own
    says nothing of the brief. Else as it was."""
    old = opening_of(draft.text)
    told = any(says(old, fact) for fact in facts_in(payload).sentences)
    for keeps in (True, False) if told else (False,):
        for number, topic in zip(range(_OPENINGS), _other_topics(payload, seed, draft.text), strict=False):
            changed = {**payload, "topic": topic["topic"], "intent": topic["intent"]}
            new = opening_of(str(write(changed, derive_seed(seed, "opening", number))["text"]))
            if LINK in new or contains(draft.text, new) or difference(new, old) <= OTHER or contains(new, old):
                continue
            text = draft.text.replace(old, f"{new} {old}" if keeps else new, 1)
            if measure(Platform(payload["platform"]), text) <= int(payload["room"]):
                return draft.model_copy(update={"text": text})
    return draft
