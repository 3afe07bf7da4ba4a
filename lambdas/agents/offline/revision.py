"""A post that was sent back, without a model: the comments carried out on the text that the reviewers saw, or another
text in its place. A comment's own words are never written, but those it quotes to be used."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lambdas.agents.comments.editing import Setting, edited
from lambdas.agents.comments.facts import facts_in, says
from lambdas.agents.comments.passages import contains, lines_of, opening_of, text_of, words_of
from lambdas.agents.comments.reading import Kind, read
from lambdas.agents.content_generator.contract import Draft
from lambdas.agents.intents import Intent
from lambdas.agents.offline.material import LINK
from lambdas.agents.offline.planner import propose_topics
from lambdas.agents.seeding import derive_seed, shuffled
from lambdas.domain.limits import measure
from lambdas.domain.platforms import Platform
from lambdas.domain.similarity import difference

Write = Callable[[Mapping[str, Any], int], dict[str, Any]]
"""Writes a draft from a payload and a seed (``writer.write_draft``)."""

_TRIES = 24
_ENOUGH = 0.65
"""Of its words are not the predecessor's: more is not looked for."""
_OPENINGS = 12
_MAY_STAND = ("agent.repetition", "agent.another")
"""Rules that a text is not refused for."""


def revise(payload: Mapping[str, Any], seed: int, write: Write) -> dict[str, Any]:
    """A draft in the wire form of ``Draft``: written anew where nothing was sent back.

    A revision that broke a rule is given up: the text stays as it was seen, and its comments are left to a person.
    """
    revision = payload.get("revision")
    if not revision:
        return write(payload, seed)
    seen = Draft.from_wire(revision["previous"]) if revision.get("previous") else None
    wishes = read(str(revision.get("instructions", "")))
    anew = bool(revision.get("fresh")) or any(wish.kind is Kind.ANOTHER for wish in wishes)
    if seen is None:
        draft = Draft.from_wire(write(_without_revision(payload), seed))
    elif anew:
        draft = _another(payload, seed, write, seen)
    elif _refused(payload):
        return seen.to_wire()
    else:
        draft = seen
    setting = Setting(Platform(payload["platform"]), int(payload["room"]), facts_in(payload))
    if any(wish.kind is Kind.OPENING for wish in wishes):
        draft = _opened_otherwise(payload, seed, write, draft)
    return (edited(draft, wishes, setting) if not (anew and _refused(payload)) else draft).to_wire()


def _refused(payload: Mapping[str, Any]) -> bool:
    return any(not said.startswith(_MAY_STAND) for said in payload.get("broken", ()))


def _without_revision(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name != "revision"}


def _another(payload: Mapping[str, Any], seed: int, write: Write, seen: Draft) -> Draft:
    """The draft that has least in common with the one that was seen: another topic, and none of its sentences."""
    best, most = None, -1.0
    for number, topic in enumerate(_other_topics(payload, seed, seen.text)):
        changed = {**_without_revision(payload), "topic": topic["topic"], "intent": topic["intent"]}
        draft = _without_sentences_of(seen, Draft.from_wire(write(changed, derive_seed(seed, "another", number))))
        other = difference(draft.text.replace(LINK, ""), seen.text.replace(LINK, ""))
        if other > most:
            best, most = draft, other
        if other >= _ENOUGH or number >= _TRIES:
            break
    return best or Draft.from_wire(write(_without_revision(payload), derive_seed(seed, "another")))


def _other_topics(payload: Mapping[str, Any], seed: int, seen: str) -> Iterator[dict[str, Any]]:
    """Topics whose message the text that was seen does not say, of other intents than its own; then all others."""
    intents = [intent.value for intent in shuffled(tuple(Intent), seed, "intents") if intent != payload["intent"]]
    asked = {**_without_revision(payload), "taken": [payload["topic"]], "wanted": dict.fromkeys(intents, 6)}
    topics = shuffled(propose_topics(asked, seed)["topics"], seed, "topics")
    said = [fact for fact in facts_in(payload).sentences if says(seen, fact)]

    def is_new(topic: Mapping[str, Any]) -> bool:
        return not any(contains(topic["topic"], " ".join(words_of(fact)[:6])) for fact in said)

    yield from (topic for topic in topics if is_new(topic))
    yield from (topic for topic in topics if not is_new(topic))


def _without_sentences_of(seen: Draft, draft: Draft) -> Draft:
    """Without the sentences that were seen already, as long as a sentence of the brief is left."""
    call = tuple(words_of(draft.call_to_action or ""))  # stays: it is the campaign's, whatever the text says
    known = {tuple(words_of(s)) for line in lines_of(seen.text) for s in line if LINK not in s} - {call}
    kept = [
        [s for s in line if len(words_of(s)) < 3 or tuple(words_of(s)) not in known] for line in lines_of(draft.text)
    ]
    text = text_of(kept)
    return draft.model_copy(update={"text": text}) if len(words_of(text.replace(LINK, ""))) > len(call) + 3 else draft


def _opened_otherwise(payload: Mapping[str, Any], seed: int, write: Write, draft: Draft) -> Draft:
    """With the opening of another draft on the same topic in place of its own, where it fits; else as it was.

    An opening that is a sentence of the brief stays, and the new one comes before it.
    """
    old = opening_of(draft.text)
    facts = facts_in(payload)
    for number in range(_OPENINGS):
        other = write(_without_revision(payload), derive_seed(seed, "opening", number))
        new = opening_of(str(other["text"]))
        if LINK in new or contains(draft.text, new) or difference(new, old) <= 0.5 or contains(new, old):
            continue
        keeps = any(says(old, fact) for fact in facts.sentences)
        text = draft.text.replace(old, f"{new} {old}" if keeps else new, 1)
        if measure(Platform(payload["platform"]), text) <= int(payload["room"]):
            return draft.model_copy(update={"text": text})
    return draft
