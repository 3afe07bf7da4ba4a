"""A post that was sent back, without a model: the comments carried out on the text that the reviewers saw, or another
text in its place. A comment's own words are never written, but those it quotes to be used."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from lambdas.agents.comments.editing import Setting, edited
from lambdas.agents.comments.facts import facts_in, says
from lambdas.agents.comments.judging import settled
from lambdas.agents.comments.passages import contains, lines_of, opening_of, text_of, words_of
from lambdas.agents.comments.reading import Kind, Wish, read
from lambdas.agents.draft import Draft
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
    plain = {name: value for name, value in payload.items() if name != "revision"}
    seen = Draft.from_wire(revision["previous"]) if revision.get("previous") else None
    fresh = bool(revision.get("fresh"))
    if seen and not fresh and _refused(payload):
        return seen.to_wire()
    start = seen if seen and not fresh else _another(plain, seed, write, seen)
    wishes = () if _refused(payload) else read(str(revision.get("instructions", "")))
    setting = Setting(Platform(payload["platform"]), int(payload["room"]), facts_in(payload))

    def carried_out(tried: Sequence[Wish]) -> Draft:
        kinds = {wish.kind for wish in tried}
        draft = _another(plain, seed, write, start) if Kind.ANOTHER in kinds else start
        if Kind.OPENING in kinds:
            draft = _opened_otherwise(plain, seed, write, draft)
        return edited(draft, tried, setting)

    return settled(wishes, start, carried_out, setting.facts, setting.platform).to_wire()


def _refused(payload: Mapping[str, Any]) -> bool:
    return any(not said.startswith(_MAY_STAND) for said in payload.get("broken", ()))


def _another(payload: Mapping[str, Any], seed: int, write: Write, seen: Draft | None) -> Draft:
    """The draft that has least in common with the one that was seen: another topic, and none of its sentences."""
    if seen is None:
        return Draft.from_wire(write(payload, seed))
    best, most = seen, -1.0
    for number, topic in zip(range(_TRIES), _other_topics(payload, seed, seen.text), strict=False):
        changed = {**payload, "topic": topic["topic"], "intent": topic["intent"]}
        draft = _thinned(Draft.from_wire(write(changed, derive_seed(seed, "another", number))), seen)
        other = _difference(draft.text, seen)
        if other > most:
            best, most = draft, other
        if other >= _ENOUGH:
            break
    return best if most >= 0 else Draft.from_wire(write(payload, derive_seed(seed, "another")))


def _difference(text: str, seen: Draft) -> float:
    return difference(text.replace(LINK, ""), seen.text.replace(LINK, ""))


def _other_topics(payload: Mapping[str, Any], seed: int, seen: str) -> Iterator[dict[str, Any]]:
    """Topics whose message the text that was seen does not say, of other intents than its own; then all others."""
    intents = [intent.value for intent in shuffled(tuple(Intent), seed, "intents") if intent != payload["intent"]]
    asked = {**payload, "taken": [payload["topic"]], "wanted": dict.fromkeys(intents, 6)}
    topics = shuffled(propose_topics(asked, seed)["topics"], seed, "topics")
    said = [fact for fact in facts_in(payload).sentences if says(seen, fact)]

    def is_new(topic: Mapping[str, Any]) -> bool:
        return not any(contains(topic["topic"], " ".join(words_of(fact)[:6])) for fact in said)

    yield from (topic for topic in topics if is_new(topic))
    yield from (topic for topic in topics if not is_new(topic))


def _thinned(draft: Draft, seen: Draft) -> Draft:
    """Without the sentences that make it like the one that was seen, as far as that takes. The opening, the sentence
    after it, the link and the call to action stay."""
    lines = lines_of(draft.text)
    opening = next(((n, 0) for n, line in enumerate(lines) if opening_of(draft.text) in line), (0, 0))
    while _difference(text_of(lines), seen) < _ENOUGH:
        places = [(n, at) for n, line in enumerate(lines) for at in range(len(line)) if (n, at) > opening][1:]
        shorter = [
            [*lines[:n], lines[n][:at] + lines[n][at + 1 :], *lines[n + 1 :]]
            for n, at in places
            if _may_go(lines[n][at], draft, seen)
        ]
        best = max(shorter, key=lambda tried: _difference(text_of(tried), seen), default=lines)
        if _difference(text_of(best), seen) <= _difference(text_of(lines), seen):
            break
        lines = best
    return draft.model_copy(update={"text": text_of(lines)})


def _may_go(sentence: str, draft: Draft, seen: Draft) -> bool:
    around = sentence.startswith("## ") or sentence.rstrip()[-1:] not in ".!?…"
    asked = contains(sentence, draft.call_to_action or "") or LINK in sentence
    return not (around or asked) and bool(set(words_of(sentence)) & set(words_of(seen.text)))


def _opened_otherwise(payload: Mapping[str, Any], seed: int, write: Write, draft: Draft) -> Draft:
    """With the opening of another draft on the same topic in place of its own, where it fits; else as it was.

    An opening that is a sentence of the brief stays, and the new one comes before it.
    """
    old = opening_of(draft.text)
    facts = facts_in(payload)
    for number in range(_OPENINGS):
        other = write(payload, derive_seed(seed, "opening", number))
        new = opening_of(str(other["text"]))
        if LINK in new or contains(draft.text, new) or difference(new, old) <= 0.5 or contains(new, old):
            continue
        keeps = any(says(old, fact) for fact in facts.sentences)
        text = draft.text.replace(old, f"{new} {old}" if keeps else new, 1)
        if measure(Platform(payload["platform"]), text) <= int(payload["room"]):
            return draft.model_copy(update={"text": text})
    return draft
