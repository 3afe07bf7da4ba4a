"""Turns the events of ``GetExecutionHistory`` into visits of states.

Works with the events of AWS and of the local emulator, which has no ``previousEventId``, no ``ExecutionStarted``, no
``LambdaFunction*`` and no ``Map*`` events, and reports ``TaskFailed`` for a timeout. Event types:
docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lambdas.domain.models.workflow import ExecutionStatus

_ENTERED: Final = "StateEntered"
_EXITED: Final = "StateExited"
_SCHEDULED: Final = frozenset(
    {"TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled", "MapRunStarted", "MapRunRedriven"}
)
_WORK: Final = ("Task", "LambdaFunction", "Activity")
_CONTAINER_WORK: Final = ("MapRun", "MapState", "ParallelState")
_CONTAINERS: Final = ("Map", "Parallel")
_ENDS: Final = {
    "ExecutionSucceeded": ExecutionStatus.SUCCEEDED,
    "ExecutionFailed": ExecutionStatus.FAILED,
    "ExecutionAborted": ExecutionStatus.ABORTED,
    "ExecutionTimedOut": ExecutionStatus.TIMED_OUT,
}


@dataclass
class Visit:
    """One visit of a state."""

    name: str
    kind: str
    """The event type's prefix: ``Task``, ``Choice``, …"""
    entered_at: datetime
    exited_at: datetime | None = None
    attempts: int = 0
    failed: bool = False
    """Whether the latest event of its work was a failure."""
    error: str | None = None
    """Name of the latest failure, even if a later attempt succeeded."""
    next: str | None = None
    """The state that was entered after this one."""


@dataclass
class History:
    """An execution, reconstructed from its events; ``visits`` in the order in which they began."""

    status: ExecutionStatus
    started_at: datetime | None
    stopped_at: datetime | None
    error: str | None
    visits: tuple[Visit, ...]


def fold(events: Iterable[Mapping[str, Any]]) -> History:
    """The history of one execution, from its events in any order (all pages together).

    ``includeExecutionData=False`` is enough: inputs and outputs are not read.
    """
    reader = _Reader()
    for event in sorted(events, key=lambda event: int(event["id"])):
        reader.read(event)
    return History(reader.status, reader.started_at, reader.stopped_at, reader.error, tuple(reader.visits))


class _Reader:
    def __init__(self) -> None:
        self.status = ExecutionStatus.RUNNING
        self.started_at: datetime | None = None
        self.stopped_at: datetime | None = None
        self.error: str | None = None
        self.visits: list[Visit] = []
        self._of_event: dict[int, Visit] = {}
        self._last_exited: Visit | None = None

    def read(self, event: Mapping[str, Any]) -> None:
        self.started_at = self.started_at or event["timestamp"]
        kind = str(event["type"])
        visit: Visit | None
        if kind.endswith(_ENTERED):
            visit = self._enter(event, kind)
        elif kind.endswith(_EXITED):
            visit = self._leave(event)
        elif kind.startswith("Execution"):
            visit = self._before(event)
            self._turn(event, kind)
        else:
            visit = self._owner(event, kind)
            if visit:
                _work(visit, event, kind)
        if visit:
            self._of_event[int(event["id"])] = visit

    def _enter(self, event: Mapping[str, Any], kind: str) -> Visit:
        came_from = self._before(event) if event.get("previousEventId") else self._last_exited
        visit = Visit(_details(event)["name"], kind.removesuffix(_ENTERED), event["timestamp"])
        if came_from and came_from.exited_at is not None:
            came_from.next = visit.name
        self.visits.append(visit)
        return visit

    def _leave(self, event: Mapping[str, Any]) -> Visit | None:
        name = _details(event)["name"]
        visit = self._before(event)
        if not visit or visit.name != name or visit.exited_at:
            # The event before the end of a parallel state is the last branch's; the emulator does not name it.
            visit = next((v for v in reversed(self.visits) if v.name == name and v.exited_at is None), None)
        if visit:
            visit.exited_at = event["timestamp"]
            self._last_exited = visit
        return visit

    def _turn(self, event: Mapping[str, Any], kind: str) -> None:
        """The execution itself started, ended, or was redriven."""
        if kind in _ENDS:
            self.status, self.stopped_at = _ENDS[kind], event["timestamp"]
            self.error = _details(event).get("error") or None
        elif kind == "ExecutionRedriven":
            self.status, self.stopped_at, self.error = ExecutionStatus.RUNNING, None, None

    def _before(self, event: Mapping[str, Any]) -> Visit | None:
        return self._of_event.get(int(event.get("previousEventId") or 0))

    def _owner(self, event: Mapping[str, Any], kind: str) -> Visit | None:
        still_open = [visit for visit in self.visits if visit.exited_at is None]
        if kind.startswith(_CONTAINER_WORK):
            still_open = [visit for visit in still_open if visit.kind in _CONTAINERS]
        elif before := self._before(event):
            return before
        return still_open[-1] if still_open else None


def _work(visit: Visit, event: Mapping[str, Any], kind: str) -> None:
    """Count an attempt and record its outcome. An event inside a container that names no state is not the
    container's."""
    if not kind.startswith(_CONTAINER_WORK if visit.kind in _CONTAINERS else (*_WORK, "Evaluation")):
        return
    if kind in _SCHEDULED:
        visit.attempts += 1
        visit.failed = False
    elif kind.endswith(("Failed", "TimedOut")):
        visit.failed = True
        timed_out = "States.Timeout" if kind.endswith("TimedOut") else None
        visit.error = _details(event).get("error") or visit.error or timed_out
    elif kind.endswith("Succeeded"):
        visit.failed = False


def _details(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event's one ``…EventDetails`` field, whatever its name."""
    for key, value in event.items():
        if key.endswith("EventDetails") and isinstance(value, Mapping):
            return value
    return {}
