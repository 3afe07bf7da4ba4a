"""Collects topics from the model, in portions that it can answer at once, without repetitions."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from pydantic import ValidationError

from lambdas.agents.campaign_planner.contract import Topic, TopicList
from lambdas.agents.cleaning import cleaned
from lambdas.agents.intents import Intent
from lambdas.agents.model_choice import load_prompt
from lambdas.agents.outcome import AgentError, ErrorCode
from lambdas.domain.models.base import invalid_input
from lambdas.domain.similarity import near_duplicates
from lambdas.ports.services import ModelReply, ModelRequest, Stop, Task, TextModel

PROMPT_VERSION = "plan-v1"
MAX_PER_INTENT = 60
"""Maximum number of different topics for one intent; then they are used again, because 10,000 ideas cost more than they
are worth."""
PORTION = 40
"""Topics requested in one call: an answer of about 3,000 tokens."""
SIMILAR = 0.9
"""From this similarity two topics count as one (``lambdas.domain.similarity``)."""
_TAKEN_SHOWN = 200
_MALFORMED = "the answer has another structure"
_REPEATED = "topics were missing or too much like others: propose others instead"

_WORDS = re.compile(r"\w+")


def normalised(topic: str) -> str:
    """A topic without differences that do not make it another one: case, punctuation, spacing."""
    return " ".join(_WORDS.findall(topic.casefold())) or topic.strip()


def collect_topics(
    payload: Mapping[str, Any], wanted: Counter[Intent], model: TextModel, *, seed: int, attempt: int = 0
) -> dict[Intent, list[Topic]]:
    """At least one topic for each intent wanted, and as many as wanted where the model has them.

    Each portion may be asked for a second time, for what was missing or repeated. Raises ``AgentError``
    ``EMPTY_OUTPUT``, ``MALFORMED_OUTPUT``, ``CONTENT_BLOCKED``.
    """
    collection = _Collection()
    calls = count(attempt)
    for portion in _portions(wanted):
        broken: tuple[str, ...] = ()
        for _ in range(2):
            missing = collection.missing(portion)
            request = _request(payload, missing, collection.taken(), seed=seed, call=next(calls), broken=broken)
            topics, broken = _parsed(model.complete(request))
            collection.add(topics, missing)
            if not collection.missing(portion):
                break
            broken = broken or (_REPEATED,)
        _check_all_served(collection, portion, broken)
        collection.close_portion()
    return collection.by_intent


class _Collection:
    """The topics so far, each once."""

    def __init__(self) -> None:
        self.by_intent: defaultdict[Intent, list[Topic]] = defaultdict(list)
        self._known: dict[str, str] = {}
        self._in_portion: Counter[Intent] = Counter()

    def taken(self) -> list[str]:
        return list(self._known.values())[-_TAKEN_SHOWN:]

    def missing(self, portion: Counter[Intent]) -> Counter[Intent]:
        return portion - self._in_portion

    def add(self, topics: tuple[Topic, ...], missing: Counter[Intent]) -> None:
        """Keep topics that are wanted and new; of similar topics the first."""
        distinct = {normalised(topic.topic): topic for topic in topics if normalised(topic.topic) not in self._known}
        candidates = list(distinct.items())
        alike = {later for _, later, _ in near_duplicates([topic.topic for _, topic in candidates], SIMILAR)}
        left = Counter(missing)
        for number, (key, topic) in enumerate(candidates):
            if number not in alike and left[topic.intent] > 0:
                left[topic.intent] -= 1
                self._in_portion[topic.intent] += 1
                self.by_intent[topic.intent].append(topic)
                self._known[key] = topic.topic

    def close_portion(self) -> None:
        self._in_portion.clear()


def _check_all_served(collection: _Collection, portion: Counter[Intent], broken: tuple[str, ...]) -> None:
    lacking = [intent.value for intent in portion if not collection.by_intent[intent]]
    if lacking:
        malformed = any(reason.startswith(_MALFORMED) for reason in broken)
        code = ErrorCode.MALFORMED_OUTPUT if malformed else ErrorCode.EMPTY_OUTPUT
        raise AgentError(code, f"the model proposed no topic for {', '.join(lacking)}", {"broken": list(broken)})


def _portions(wanted: Counter[Intent]) -> Iterator[Counter[Intent]]:
    portion: Counter[Intent] = Counter()
    for intent, number in wanted.items():
        left = min(number, MAX_PER_INTENT)
        while left:
            take = min(left, PORTION - portion.total())
            portion[intent] += take
            left -= take
            if portion.total() == PORTION:
                yield portion
                portion = Counter()
    if portion:
        yield portion


def _request(
    payload: Mapping[str, Any],
    wanted: Counter[Intent],
    taken: list[str],
    *,
    seed: int,
    call: int,
    broken: tuple[str, ...],
) -> ModelRequest:
    asked = {intent.value: number for intent, number in wanted.items()}
    return ModelRequest(
        task=Task.PLAN,
        prompt=load_prompt("campaign_planner", PROMPT_VERSION),
        payload={**payload, "wanted": asked, "taken": taken},
        output=TopicList,
        seed=seed,
        call=call,
        max_tokens=4_096,
        temperature=0.9,
        broken=broken,
    )


def _parsed(reply: ModelReply) -> tuple[tuple[Topic, ...], tuple[str, ...]]:
    """The topics of an answer, and what is wrong with it."""
    if reply.stop is Stop.BLOCKED:
        raise AgentError(ErrorCode.CONTENT_BLOCKED, "the guardrail refused the brief or the plan")
    if not isinstance(reply.data, Mapping):
        return (), (f"{_MALFORMED}: not the JSON that was asked for",)
    try:
        return TopicList.model_validate(cleaned(reply.data)).topics, ()
    except ValidationError as error:
        return (), (f"{_MALFORMED}: {invalid_input(error).message}",)
