"""The record a step leaves behind (``SK = CHECKPOINT#…``)."""

from enum import StrEnum
from typing import Any

from lambdas.core.models.base import Model, Moment
from lambdas.core.models.campaign import Failure


class StepOutcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Checkpoint(Model):
    """One attempt of one step."""

    step_name: str
    attempt: int
    """From 0: the engine's retry count."""
    outcome: StepOutcome
    execution_arn: str
    correlation_id: str
    started_at: Moment
    ended_at: Moment
    duration_ms: float
    result: dict[str, Any] | None = None
    error: Failure | None = None
