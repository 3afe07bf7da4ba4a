"""Collects topics from the model, in portions that it can answer at once, without repetitions."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from pydantic import ValidationError

from lambdas.agents.campaign_planner.assignment import Ask
from lambdas.agents.campaign_planner.contract import Topic, TopicList
from lambdas.agents.cleaning import cleaned
from lambdas.agents.model_choice import load_prompt
from lambdas.agents.outcome import AgentError, ErrorCode
from lambdas.domain.models.base import invalid_input
from lambdas.domain.similarity import near_duplicates
from lambdas.ports.services import ModelReply, ModelRequest, Stop, Task, TextModel

PROMPT_VERSION = "plan-v2"
MAX_TOPICS = 600
"""Of so many different topics, spread over what is asked for, each asks once or more; beyond, they come round again:
10,000 ideas cost more than they are worth."""
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
    payload: Mapping[str, Any], wanted: Counter[Ask], model: TextModel, *, seed: int, attempt: int = 0
) -> dict[Ask, list[Topic]]:
    """At least one topic for each statement wanted, and as many as wanted where the model has them.

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
    return collection.by_ask


class _Collection:
    """The topics so far, each once."""

    def __init__(self) -> None:
        self.by_ask: defaultdict[Ask, list[Topic]] = defaultdict(list)
        self._known: dict[str, str] = {}
        self._in_portion: Counter[Ask] = Counter()

    def taken(self) -> list[str]:
        return list(self._known.values())[-_TAKEN_SHOWN:]

    def missing(self, portion: Counter[Ask]) -> Counter[Ask]:
        return portion - self._in_portion

    def add(self, topics: tuple[Topic, ...], missing: Counter[Ask]) -> None:
        """Keep what is wanted and new; of topics that are alike the first."""
        distinct = {normalised(topic.topic): topic for topic in topics if normalised(topic.topic) not in self._known}
        candidates = list(distinct.items())
        alike = {later for _, later, _ in near_duplicates([topic.topic for _, topic in candidates], SIMILAR)}
        left = Counter(missing)
        for number, (key, topic) in enumerate(candidates):
            ask = _ask_of(topic, left)
            if number not in alike and ask:
                left[ask] -= 1
                self._in_portion[ask] += 1
                self.by_ask[ask].append(topic)
                self._known[key] = topic.topic

    def close_portion(self) -> None:
        self._in_portion.clear()


def _ask_of(topic: Topic, left: Counter[Ask]) -> Ask | None:
    """What a topic is for; one that does not name its statement serves the first that its intent is wanted for."""
    return next(
        (
            ask
            for ask, number in left.items()
            if number > 0 and ask.intent is topic.intent and topic.message in (0, ask.statement + 1)
        ),
        None,
    )


def _check_all_served(collection: _Collection, portion: Counter[Ask], broken: tuple[str, ...]) -> None:
    served = {ask.statement for ask, topics in collection.by_ask.items() if topics}
    lacking = [f"{ask.intent.value} of statement {ask.statement + 1}" for ask in portion if ask.statement not in served]
    if lacking:
        malformed = any(reason.startswith(_MALFORMED) for reason in broken)
        code = ErrorCode.MALFORMED_OUTPUT if malformed else ErrorCode.EMPTY_OUTPUT
        raise AgentError(code, f"the model proposed no topic for {', '.join(lacking)}", {"broken": list(broken)})


def _portions(wanted: Counter[Ask]) -> Iterator[Counter[Ask]]:
    portion: Counter[Ask] = Counter()
    most = max(1, MAX_TOPICS // len(wanted))
    for ask, number in wanted.items():
        left = min(number, most)
        while left:
            take = min(left, PORTION - portion.total())
            portion[ask] += take
            left -= take
            if portion.total() == PORTION:
                yield portion
                portion = Counter()
    if portion:
        yield portion


def _request(
    payload: Mapping[str, Any],
    wanted: Counter[Ask],
    taken: list[str],
    *,
    seed: int,
    call: int,
    broken: tuple[str, ...],
) -> ModelRequest:
    asked = [
        {"intent": ask.intent.value, "message": ask.statement + 1, "number": number} for ask, number in wanted.items()
    ]
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
