"""The engine in memory."""

from collections.abc import Mapping
from threading import Lock
from typing import Any, NamedTuple

from lambdas.domain.errors import GoneError
from lambdas.domain.ids import TaskToken
from lambdas.domain.models.workflow import BuildInput, ExecutionStatus
from lambdas.ports.engine import BUILD, ExecutionState


class Resumed(NamedTuple):
    token: TaskToken
    output: dict[str, object]


class Failed(NamedTuple):
    token: TaskToken
    error: str
    cause: str


class MemoryEngine:
    """``states`` and ``started`` (inputs) by ARN; the other lists are what happened.

    A test ends executions, and has a token wait by ``wait_for``.
    """

    MACHINE = "arn:aws:states:us-east-1:000000000000:execution:Build"

    def __init__(self) -> None:
        self.states: dict[str, ExecutionState] = {}
        self.started: dict[str, BuildInput] = {}
        self.redriven: list[str] = []
        self.stopped: list[str] = []
        self.histories: dict[str, list[Mapping[str, Any]]] = {}
        self.deployed: dict[str, Any] = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
        self.resumed: list[Resumed] = []
        self.failed: list[Failed] = []
        self.heartbeats: list[TaskToken] = []
        self._waiting: set[TaskToken] = set()
        self._lock = Lock()

    def arn_of(self, name: str, workflow: str = BUILD) -> str:
        return f"{self.MACHINE.replace('Build', workflow.title())}:{name}"

    def start(self, event: BuildInput, name: str, workflow: str = BUILD) -> str:
        arn = self.arn_of(name, workflow)
        with self._lock:
            if arn not in self.states:
                self.states[arn] = ExecutionState(arn=arn, status=ExecutionStatus.RUNNING)
                self.started[arn] = event
        return arn

    def describe(self, arn: str) -> ExecutionState | None:
        return self.states.get(arn)

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

    def wait_for(self, token: TaskToken) -> None:
        self._waiting.add(token)

    def resume(self, token: TaskToken, output: dict[str, object]) -> None:
        self._end(token)
        self.resumed.append(Resumed(token, output))

    def fail(self, token: TaskToken, error: str, cause: str) -> None:
        self._end(token)
        self.failed.append(Failed(token, error, cause))

    def heartbeat(self, token: TaskToken) -> None:
        with self._lock:
            if token not in self._waiting:
                raise GoneError("nobody waits for this decision any more")
            self.heartbeats.append(token)

    def _end(self, token: TaskToken) -> None:
        with self._lock:
            if token not in self._waiting:
                raise GoneError("nobody waits for this decision any more")
            self._waiting.remove(token)
