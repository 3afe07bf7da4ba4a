"""Executions and alerts in memory."""

from collections.abc import Mapping
from typing import Any

from lambdas.domain.graph.model import ExecutionStatus
from lambdas.domain.models.campaign import Alert
from lambdas.domain.models.workflow import BuildInput
from lambdas.ports.engine import ExecutionState


class MemoryExecutions:
    """``states`` and ``inputs`` by ARN; ``redriven`` and ``stopped`` are what happened. A test ends executions."""

    MACHINE = "arn:aws:states:us-east-1:000000000000:execution:Build"

    def __init__(self) -> None:
        self.states: dict[str, ExecutionState] = {}
        self.inputs: dict[str, BuildInput] = {}
        self.redriven: list[str] = []
        self.stopped: list[str] = []
        self.histories: dict[str, list[Mapping[str, Any]]] = {}
        self.deployed: dict[str, Any] = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}

    def arn_of(self, name: str) -> str:
        return f"{self.MACHINE}:{name}"

    def describe(self, arn: str) -> ExecutionState | None:
        return self.states.get(arn)

    def start(self, event: BuildInput, name: str) -> str:
        arn = self.arn_of(name)
        if arn not in self.states:
            self.states[arn] = ExecutionState(arn=arn, status=ExecutionStatus.RUNNING)
            self.inputs[arn] = event
        return arn

    def end(self, arn: str, status: ExecutionStatus, error: str | None = None, *, redrivable: bool = False) -> None:
        self.states[arn] = ExecutionState(arn=arn, status=status, error=error, redrivable=redrivable)

    def redrive(self, arn: str) -> None:
        self.redriven.append(arn)
        self.states[arn] = ExecutionState(arn=arn, status=ExecutionStatus.RUNNING)

    def stop(self, arn: str, reason: str) -> None:
        if arn in self.states and self.states[arn].is_live:
            self.stopped.append(arn)
            self.end(arn, ExecutionStatus.ABORTED)

    def events(self, arn: str) -> list[Mapping[str, Any]]:
        return self.histories.get(arn, [])

    def definition(self, arn: str, version_arn: str | None) -> dict[str, Any]:
        return self.deployed


class MemoryAlerts:
    """``sent``, in order."""

    def __init__(self) -> None:
        self.sent: list[Alert] = []

    def send(self, alert: Alert) -> None:
        self.sent.append(alert)
