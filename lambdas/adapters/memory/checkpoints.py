"""Checkpoints in memory."""

from typing import Any

from lambdas.core.ids import CampaignKey
from lambdas.core.models.checkpoint import Checkpoint, StepOutcome


class MemoryCheckpoints:
    def __init__(self) -> None:
        self._records: dict[CampaignKey, dict[tuple[str, str, int], dict[str, Any]]] = {}

    def record(self, key: CampaignKey, checkpoint: Checkpoint) -> None:
        attempt = (checkpoint.execution_arn, checkpoint.step_name, checkpoint.attempt)
        records = self._records.setdefault(key, {})
        if checkpoint.outcome is StepOutcome.SUCCEEDED:
            records[attempt] = checkpoint.to_wire()
        else:
            records.setdefault(attempt, checkpoint.to_wire())

    def all(self, key: CampaignKey) -> list[Checkpoint]:
        checkpoints = [Checkpoint.from_wire(wire) for wire in list(self._records.get(key, {}).values())]
        return sorted(checkpoints, key=lambda checkpoint: checkpoint.started_at)
