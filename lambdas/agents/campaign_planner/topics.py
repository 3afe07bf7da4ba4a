"""Collecting topics from the model: in portions it can answer in one go, without repetitions."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from lambdas.agents.campaign_planner.contract import Topic, TopicList
from lambdas.agents.cleaning import cleaned
from lambdas.agents.intents import Intent
from lambdas.agents.outcome import AgentError, ErrorCode
from lambdas.agents.prompts import load_prompt
from lambdas.core.models.base import invalid_input
from lambdas.core.similarity import near_duplicates
from lambdas.core.text_model import ModelReply, ModelRequest, Stop, Task, TextModel

PROMPT_VERSION = "plan-v1"
MAX_PER_INTENT = 60
"""Beyond so many different topics for one intent they come round again: 10,000 ideas cost more than they are worth."""
PORTION = 40
"""Topics asked for in one call: some 3,000 tokens of answer."""
SIMILAR = 0.9
"""From this likeness two topics are one (``lambdas.core.similarity``)."""
_TAKEN_SHOWN = 200

_WORDS = re.compile(r"\w+")


def normalised(topic: str) -> str:
    """A topic without what does not make it another one: case, punctuation, spacing."""
    return " ".join(_WORDS.findall(topic.casefold())) or topic.strip()


def collect_topics(
    payload: Mapping[str, Any], wanted: Counter[Intent], model: TextModel, seed: int
) -> dict[Intent, list[Topic]]:
    """At least one topic for each intent wanted, and as many as wanted where the model has them.

    Each portion may be asked for a second time, for what was missing or repeated. Raises ``AgentError``
    ``EMPTY_OUTPUT``, ``MALFORMED_OUTPUT``, ``CONTENT_BLOCKED``.
    """
    found: dict[Intent, list[Topic]] = defaultdict(list)
    known: dict[str, str] = {}
    calls = 0
    for portion in _portions(wanted):
        missing, broken = Counter(portion), ()
        for _ in range(2):
            request = _request(payload, missing, known, seed=seed, call=calls, broken=broken)
            calls += 1
            topics, broken = _parsed(model.complete(request))
            for topic in _fresh(topics, known):
                if missing[topic.intent] > 0:
                    missing[topic.intent] -= 1
                    found[topic.intent].append(topic)
                    known[normalised(topic.topic)] = topic.topic
            missing = +missing
            if not missing:
                break
            broken = broken or ("topics were missing or too much like others: propose others instead",)
        lacking = [intent.value for intent in portion if not found[intent]]
        if lacking:
            code = ErrorCode.MALFORMED_OUTPUT if "JSON" in broken[0] else ErrorCode.EMPTY_OUTPUT
            raise AgentError(code, f"the model proposed no topic for {', '.join(lacking)}", {"broken": list(broken)})
    return dict(found)


def _portions(wanted: Counter[Intent]) -> Iterator[Counter[Intent]]:
    portion: Counter[Intent] = Counter()
    for intent, count in wanted.items():
        left = min(count, MAX_PER_INTENT)
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
    known: Mapping[str, str],
    *,
    seed: int,
    call: int,
    broken: tuple[str, ...],
) -> ModelRequest:
    asked = {intent.value: count for intent, count in wanted.items()}
    return ModelRequest(
        task=Task.PLAN,
        prompt=load_prompt("campaign_planner", PROMPT_VERSION),
        payload={**payload, "wanted": asked, "taken": list(known.values())[-_TAKEN_SHOWN:]},
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
        return (), ("the answer was not the JSON that was asked for",)
    try:
        return TopicList.model_validate(cleaned(reply.data)).topics, ()
    except ValidationError as error:
        return (), (f"the JSON does not have the structure asked for: {invalid_input(error).message}",)


def _fresh(topics: tuple[Topic, ...], known: Mapping[str, str]) -> list[Topic]:
    """The topics that are neither known nor like one another."""
    distinct = {normalised(topic.topic): topic for topic in topics if normalised(topic.topic) not in known}
    candidates = list(distinct.values())
    alike = {later for _, later, _ in near_duplicates([t.topic for t in candidates], SIMILAR)}
    return [topic for n, topic in enumerate(candidates) if n not in alike]
