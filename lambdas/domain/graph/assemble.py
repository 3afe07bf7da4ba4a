"""Combines a definition, a history and the map's counts into the graph."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from lambdas.domain.graph.definition import DefinedState, Transition, Workflow, parse
from lambdas.domain.graph.fold import History, Visit, fold
from lambdas.domain.graph.model import ExecutionGraph, GraphEdge, GraphNode, MapCounts, NodeKind, NodeStatus
from lambdas.domain.models.workflow import ExecutionStatus

_LIVE = (ExecutionStatus.RUNNING, ExecutionStatus.PENDING_REDRIVE)


def execution_graph(
    definition: Mapping[str, Any],
    events: Iterable[Mapping[str, Any]],
    *,
    workflow: str,
    execution_arn: str,
    now: datetime,
    counts: Mapping[str, MapCounts] | None = None,
    status: ExecutionStatus | None = None,
    stopped_at: datetime | None = None,
    error: str | None = None,
    title: str | None = None,
    campaign_status: str | None = None,
) -> ExecutionGraph:
    """The graph of one execution, from the ASL of its version and all its ``events`` (none: the workflow alone).

    Durations of open states are counted up to ``now``, when the events were read. ``counts`` are by name of the map
    state, whose children leave no events in the parent's history. ``status``, ``stopped_at`` and ``error``, from
    ``describe_execution``, take precedence over the events, because an engine that was restarted can end an execution
    without an event. Raises ``ValueError`` for a definition that Step Functions would not have accepted.
    """
    plan, history = parse(definition), fold(events)
    history.status = status or history.status
    history.stopped_at = stopped_at or history.stopped_at
    history.error = error or history.error
    return ExecutionGraph(
        workflow=workflow,
        execution_arn=execution_arn,
        status=history.status,
        shape=plan.shape,
        start_at=plan.start_at,
        started_at=history.started_at,
        stopped_at=history.stopped_at,
        as_of=now,
        title=title,
        campaign_status=campaign_status,
        error=history.error,
        nodes=tuple(map(_Nodes(plan, history, now, counts or {}).node, plan.states)),
        edges=_edges(plan, history),
    )


def _edges(plan: Workflow, history: History) -> tuple[GraphEdge, ...]:
    taken = {_way(plan, visit) for visit in history.visits}
    return tuple(
        GraphEdge(source=t.source, target=t.target, label=t.label, caught=t.caught, taken=t in taken)
        for t in plan.transitions
    )


def _way(plan: Workflow, visit: Visit) -> Transition | None:
    """The transition by which the visit ended."""
    ways = [t for t in plan.transitions if (t.source, t.target) == (visit.name, visit.next)]
    if len(ways) > 1:
        ways = [t for t in ways if t.caught == visit.failed]
    return ways[0] if ways else None


class _Nodes:
    def __init__(self, plan: Workflow, history: History, now: datetime, counts: Mapping[str, MapCounts]) -> None:
        self._plan, self._history, self._now, self._counts = plan, history, now, counts
        self._visits: dict[str, list[Visit]] = {}
        for visit in history.visits:
            self._visits.setdefault(visit.name, []).append(visit)

    def node(self, state: DefinedState, within: NodeStatus = NodeStatus.NOT_REACHED) -> GraphNode:
        """``within`` is the status of the containing state, which is used for children without events."""
        visits = self._visits.get(state.name, [])
        status = self._status(state, visits) if visits else within
        last = visits[-1] if visits else None
        return GraphNode(
            name=state.name,
            kind=state.kind,
            status=status,
            comment=state.comment,
            callback=state.callback,
            attempts=last.attempts if last else 0,
            visits=len(visits),
            duration_ms=self._duration(visits) if visits else None,
            entered_at=last.entered_at if last else None,
            exited_at=last.exited_at if last else None,
            detail=self._detail(state, last) if last else None,
            counts=self._counts.get(state.name),
            children=tuple(self.node(inner, within=status) for inner in state.inner),
        )

    def _status(self, state: DefinedState, visits: Sequence[Visit]) -> NodeStatus:
        still_open = [visit for visit in visits if visit.exited_at is None]
        if still_open and self._history.status in _LIVE:
            return _open_status(state, still_open)
        if still_open:
            return self._ended_status(state, still_open[-1])
        way = _way(self._plan, visits[-1])
        if way and way.caught:
            return NodeStatus.CAUGHT
        return NodeStatus.SUCCEEDED

    def _ended_status(self, state: DefinedState, visit: Visit) -> NodeStatus:
        """The status of a state that was open when the execution ended."""
        if state.kind is NodeKind.FAIL:
            return NodeStatus.FAILED
        if self._history.status is ExecutionStatus.SUCCEEDED:
            return NodeStatus.SUCCEEDED  # a Succeed state without an exit event
        if self._history.status is not ExecutionStatus.FAILED:
            return NodeStatus.STOPPED
        others = any(v.failed for v in self._history.visits if v.exited_at is None and v is not visit)
        return NodeStatus.FAILED if visit.failed or not others else NodeStatus.STOPPED

    def _detail(self, state: DefinedState, visit: Visit) -> str | None:
        ended_here = visit.exited_at is None and self._history.status is ExecutionStatus.FAILED
        if visit.error:
            return visit.error
        return self._history.error if state.kind is NodeKind.FAIL or ended_here else None

    def _duration(self, visits: Sequence[Visit]) -> float:
        end = self._history.stopped_at or self._now
        spent = sum(((visit.exited_at or end) - visit.entered_at).total_seconds() for visit in visits)
        return max(0.0, spent * 1000)


def _open_status(state: DefinedState, visits: Sequence[Visit]) -> NodeStatus:
    if any(visit.failed for visit in visits):
        return NodeStatus.RETRYING
    if state.callback or state.kind is NodeKind.WAIT:
        return NodeStatus.WAITING
    return NodeStatus.RUNNING
