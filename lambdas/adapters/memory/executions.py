"""Executions, the list of active campaigns and alerts in memory."""

from collections.abc import Iterable, Mapping
from typing import Any

from lambdas.core.active import ActiveCampaign
from lambdas.core.alerts import Alert
from lambdas.core.executions import ExecutionState, name_of
from lambdas.core.graph.model import ExecutionStatus
from lambdas.core.ids import CampaignKey
from lambdas.core.models.workflow import BuildInput


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

    def running(self) -> set[str]:
        return {name_of(arn) for arn, state in self.states.items() if state.is_live}

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

    def stop(self, arn: str, reason: str) -> None:  # noqa: ARG002 - the port's signature
        if arn in self.states and self.states[arn].is_live:
            self.stopped.append(arn)
            self.end(arn, ExecutionStatus.ABORTED)

    def events(self, arn: str) -> list[Mapping[str, Any]]:
        return self.histories.get(arn, [])

    def definition(self, arn: str) -> dict[str, Any]:  # noqa: ARG002 - one definition for all
        return self.deployed


class MemoryActive:
    """``entries`` by campaign."""

    def __init__(self) -> None:
        self.entries: dict[CampaignKey, ActiveCampaign] = {}

    def all(self) -> Iterable[ActiveCampaign]:
        return list(self.entries.values())

    def put(self, entry: ActiveCampaign) -> None:
        self.entries[entry.key] = entry

    def remove(self, key: CampaignKey) -> None:
        self.entries.pop(key, None)


class MemoryAlerts:
    """``sent``, in order."""

    def __init__(self) -> None:
        self.sent: list[Alert] = []

    def send(self, alert: Alert) -> None:
        self.sent.append(alert)
