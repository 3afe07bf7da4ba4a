"""Executions, active campaigns and alerts in memory."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambdas.domain.due import Kind, entry_for
from lambdas.domain.graph.model import ExecutionStatus
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.active import ActiveCampaign
from lambdas.domain.models.base import iso
from lambdas.domain.models.campaign import Alert
from lambdas.domain.models.workflow import BuildInput
from lambdas.ports.engine import ExecutionState
from tests.fakes.due import MemoryDue


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


class MemoryActive:
    """``entries`` by campaign; each is in the index ``due`` as well."""

    def __init__(self, due: MemoryDue | None = None) -> None:
        self.entries: dict[CampaignKey, ActiveCampaign] = {}
        self._due = due or MemoryDue()

    def get(self, key: CampaignKey) -> ActiveCampaign | None:
        return self.entries.get(key)

    def look_at(self, entry: ActiveCampaign, due_at: datetime, now: datetime) -> None:
        self._due.put(entry_for(Kind.CAMPAIGN, entry.key, due_at, now))
        self.entries[entry.key] = ActiveCampaign.from_record(entry.to_record() | {"dueAt": iso(due_at)})

    def remove(self, key: CampaignKey) -> None:
        self.entries.pop(key, None)


class MemoryAlerts:
    """``sent``, in order."""

    def __init__(self) -> None:
        self.sent: list[Alert] = []

    def send(self, alert: Alert) -> None:
        self.sent.append(alert)
