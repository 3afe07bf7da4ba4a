"""The model of an execution graph."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from lambdas.domain.models.base import Model, Moment
from lambdas.domain.models.workflow import ExecutionStatus

Count = Annotated[int, Field(ge=0)]
ANY_ERROR = "any error"
"""Label of an edge that catches ``States.ALL``."""


class NodeKind(StrEnum):
    """The state types of the Amazon States Language."""

    TASK = "Task"
    CHOICE = "Choice"
    MAP = "Map"
    PARALLEL = "Parallel"
    PASS = "Pass"  # noqa: S105 - a state type, not a password
    WAIT = "Wait"
    SUCCEED = "Succeed"
    FAIL = "Fail"


class NodeStatus(StrEnum):
    NOT_REACHED = "not_reached"
    RUNNING = "running"
    WAITING = "waiting"
    """For a callback or for time to pass; nothing is computed."""
    RETRYING = "retrying"
    """The last attempt failed and the next has not been scheduled yet."""
    SUCCEEDED = "succeeded"
    CAUGHT = "caught"
    """Failed, and the workflow continued with a Catch."""
    FAILED = "failed"
    STOPPED = "stopped"
    """Was open when the execution was aborted or timed out, or when a sibling branch failed."""


class MapCounts(Model):
    """Progress of a map. Items that are neither running, completed nor failed have not begun."""

    total: Count
    running: Count = 0
    completed: Count = 0
    failed: Count = 0
    unit: str = "items"
    """What is counted, in the plural."""


class GraphNode(Model):
    """One state of the workflow, with its status in this execution."""

    name: str
    kind: NodeKind
    status: NodeStatus = NodeStatus.NOT_REACHED
    comment: str | None = None
    """The state's comment in the definition."""
    callback: bool = False
    """The task passes on a token and waits for it to be returned."""
    attempts: Count = 0
    """How often work was scheduled in the latest visit; 0 for states that schedule nothing."""
    visits: Count = 0
    """How often the state was entered; more than 1 in a loop or an inline map."""
    duration_ms: Annotated[float, Field(ge=0)] | None = None
    """Time in the state over all visits, up to now for an open one."""
    entered_at: Moment | None = None
    """Of the latest visit."""
    exited_at: Moment | None = None
    """Of the latest visit; ``None`` while it is open or when the execution ended in it."""
    detail: str | None = None
    """The error's name, if there was one."""
    counts: MapCounts | None = None
    children: tuple["GraphNode", ...] = ()
    """The states inside a map or a parallel state; edges between them are among the graph's edges."""


class GraphEdge(Model):
    """A transition the definition allows; state names are unique in the whole workflow, so names suffice."""

    source: str
    target: str
    label: str | None = None
    caught: bool = False
    taken: bool = False


class ExecutionGraph(Model):
    """A workflow in one execution: every state, every transition, and the status of each."""

    workflow: str
    execution_arn: str
    status: ExecutionStatus
    shape: str
    """Hash of the workflow's states and transitions. Executions of the same shape share a diagram."""
    start_at: str
    """Name of the first state."""
    started_at: Moment | None = None
    stopped_at: Moment | None = None
    as_of: Moment | None = None
    """When the graph was made; durations of open states are counted up to this time."""
    title: str | None = None
    """For people: the campaign's name."""
    campaign_status: str | None = None
    error: str | None = None
    """The error's name the execution ended with."""
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]


def every_node(nodes: Sequence[GraphNode]) -> Iterator[GraphNode]:
    """The nodes and everything inside them, outer before inner."""
    for node in nodes:
        yield node
        yield from every_node(node.children)
