"""The offline model: answers at once, or after a simulated delay, or with the faults it is told to have.

A fault plan lets tests and benches show what happens when a model misbehaves. It names posts by their number in the
campaign (from 1; ``plan`` stands for the planner) and says what happens to each call made for them: a list is worked
off call by call and then all is well, a single word happens every time.

    {"3": ["throttle", "ok"], "7": ["banned_word"], "11": "malformed", "plan": ["timeout"]}
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from lambdas.agents.offline.planner import propose_topics
from lambdas.agents.offline.writer import write_draft
from lambdas.domain.errors import DependencyTimeoutError, DependencyUnavailableError, ThrottledError
from lambdas.domain.limits import LIMITS
from lambdas.domain.platforms import Platform
from lambdas.ports.services import ModelReply, ModelRequest, Stop, Task


class Fault(StrEnum):
    OK = "ok"
    THROTTLE = "throttle"
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    MALFORMED = "malformed"
    EMPTY = "empty"
    OVER_LIMIT = "over_limit"
    BANNED_WORD = "banned_word"
    BLOCKED = "blocked"


FaultPlan = dict[str, list[Fault] | Fault]


def fault_for(plan: FaultPlan, request: ModelRequest) -> Fault:
    """What is to happen to this call."""
    planned = plan.get("plan" if request.post_number is None else str(request.post_number), Fault.OK)
    if isinstance(planned, Fault):
        return planned
    return planned[request.call] if request.call < len(planned) else Fault.OK


def raise_if_down(fault: Fault) -> None:
    """For the faults in which there is no answer at all."""
    if fault is Fault.THROTTLE:
        raise ThrottledError("the model is throttling (fault plan)")
    if fault is Fault.TIMEOUT:
        raise DependencyTimeoutError("the model took too long (fault plan)")
    if fault is Fault.UNAVAILABLE:
        raise DependencyUnavailableError("the model is unavailable (fault plan)")


def spoilt(fault: Fault, request: ModelRequest, reply: ModelReply) -> ModelReply:
    """``reply`` as the fault leaves it."""
    if fault is Fault.MALFORMED:
        return ModelReply(data=None, model_id=reply.model_id)
    if fault is Fault.BLOCKED:
        return ModelReply(data=None, model_id=reply.model_id, stop=Stop.BLOCKED)
    if fault is Fault.EMPTY:
        emptied: dict[str, Any] = {"topics": []} if request.post_number is None else {**reply.data, "text": "  "}
        return ModelReply(data=emptied, model_id=reply.model_id)
    if fault is Fault.OVER_LIMIT:
        limit = LIMITS[Platform(request.payload["platform"])].max_length
        return ModelReply(data={**reply.data, "text": "too long " * (limit // 9 + 1)}, model_id=reply.model_id)
    if fault is Fault.BANNED_WORD:
        word = next(iter(request.payload["bannedWords"]), None)
        if word is None:
            raise ValueError("the fault plan asks for a banned word and the brand bans none")
        return ModelReply(data={**reply.data, "text": f"{word}. {reply.data['text']}"}, model_id=reply.model_id)
    return reply


MODEL_ID = "offline-copywriter-2"
"""Grows with every change of its sentences, because the same seed then writes something else."""


class OfflineModel:
    """Implements ``lambdas.ports.services.TextModel``. ``sleep`` takes seconds."""

    name = "offline"

    def __init__(
        self,
        *,
        faults: FaultPlan | None = None,
        latency_ms: int = 0,
        sleep: Callable[[float], None] | None = None,
    ) -> None:
        if latency_ms and sleep is None:
            raise ValueError("a latency needs something to wait with")
        self._faults = faults or {}
        self._latency = latency_ms / 1000
        self._sleep = sleep

    def complete(self, request: ModelRequest) -> ModelReply:
        if self._latency and self._sleep:
            self._sleep(self._latency)
        fault = fault_for(self._faults, request)
        raise_if_down(fault)
        if request.task is Task.PLAN:
            composed = propose_topics(request.payload, request.seed)
        else:
            composed = _written(request.payload, request.seed)
        reply = ModelReply(data=composed, model_id=MODEL_ID)
        return spoilt(fault, request, reply)


def _written(payload: Mapping[str, Any], seed: int) -> dict[str, Any]:
    if not payload.get("revision"):
        return write_draft(payload, seed)
    from lambdas.agents.offline.revision import revise  # few posts go back, and each cold start would pay for it

    return revise(payload, seed, write_draft)
