"""The offline model: answers at once, or after a simulated delay, or with the faults it is told to have."""

from collections.abc import Callable

from lambdas.agents.offline.faults import FaultPlan, fault_for, raise_if_down, spoilt
from lambdas.agents.offline.planner import propose_topics
from lambdas.agents.offline.writer import write_draft
from lambdas.ports.text_model import ModelReply, ModelRequest, Task

MODEL_ID = "offline-copywriter-1"
"""Grows with every change of its sentences, because the same seed then writes something else."""


class OfflineModel:
    """Implements ``lambdas.ports.text_model.TextModel``. ``sleep`` takes seconds."""

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
        compose = propose_topics if request.task is Task.PLAN else write_draft
        reply = ModelReply(data=compose(request.payload, request.seed), model_id=MODEL_ID)
        return spoilt(fault, request, reply)
