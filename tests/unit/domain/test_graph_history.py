"""The history: from events, of AWS or of the local emulator, to the status of every state."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lambdas.domain.graph.assemble import execution_graph
from lambdas.domain.graph.fold import fold
from lambdas.domain.graph.model import ExecutionGraph, GraphEdge, GraphNode, MapCounts, NodeStatus, every_node
from lambdas.domain.models.workflow import ExecutionStatus

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Record"}]
WORKFLOW: dict[str, Any] = {
    "StartAt": "Plan",
    "States": {
        "Plan": {"Type": "Task", "Resource": "arn", "Next": "Write", "Catch": CATCH_ALL},
        "Write": {
            "Type": "Map",
            "Next": "Ask",
            "Catch": CATCH_ALL,
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Task", "Resource": "arn", "End": True}}},
        },
        "Ask": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Next": "Decide"},
        "Decide": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.d", "StringEquals": "again", "Next": "Write"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
        "Record": {
            "Type": "Task",
            "Resource": "arn",
            "Next": "Broken",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Broken"}],
        },
        "Broken": {"Type": "Fail"},
    },
}
SPECIAL = {"Entered": "stateEnteredEventDetails", "Exited": "stateExitedEventDetails"}


class Events:
    """Writes events one second apart, with AWS's chain of ``previousEventId`` or without it."""

    def __init__(self, *, aws: bool = False) -> None:
        self.list: list[dict[str, Any]] = []
        self._aws = aws

    def add(self, kind: str, *, after: int | None = None, **details: Any) -> int:
        number = len(self.list) + 1
        event: dict[str, Any] = {"id": number, "type": kind, "timestamp": START + timedelta(seconds=number)}
        if self._aws:
            event["previousEventId"] = number - 1 if after is None else after
        if details:
            key = next((name for end, name in SPECIAL.items() if kind.endswith(f"State{end}")), None)
            event[key or f"{kind[0].lower()}{kind[1:]}EventDetails"] = details
        self.list.append(event)
        return number

    def enter(self, name: str) -> "Events":
        self.add(f"{WORKFLOW['States'][name]['Type']}StateEntered", name=name)
        return self

    def exit(self, name: str) -> "Events":
        self.add(f"{WORKFLOW['States'][name]['Type']}StateExited", name=name)
        return self

    def fail(self, error: str) -> "Events":
        self.add("TaskScheduled", resource="arn")
        self.add("TaskFailed", error=error, cause="because")
        return self

    def done(self, name: str) -> "Events":
        self.enter(name)
        self.add("TaskScheduled", resource="arn")
        self.add("TaskSucceeded", resource="arn")
        return self.exit(name)


def draw(events: Events, **more: Any) -> ExecutionGraph:
    now = START + timedelta(seconds=len(events.list) + 10)
    return execution_graph(WORKFLOW, events.list, workflow="Build", execution_arn="arn:x", now=now, **more)


def node(graph: ExecutionGraph, name: str) -> GraphNode:
    return next(node for node in every_node(graph.nodes) if node.name == name)


def taken(graph: ExecutionGraph) -> list[tuple[str, str, bool]]:
    return [(edge.source, edge.target, edge.caught) for edge in graph.edges if edge.taken]


def test_without_events_nothing_was_reached() -> None:
    graph = draw(Events())
    assert {node.status for node in every_node(graph.nodes)} == {NodeStatus.NOT_REACHED}
    assert taken(graph) == []
    assert graph.started_at is None


@pytest.mark.parametrize("aws", [True, False])
def test_a_completed_execution(aws: bool) -> None:
    events = Events(aws=aws)
    if aws:
        events.add("ExecutionStarted", input="{}")
    events.done("Plan").enter("Write").exit("Write").done("Ask")
    events.enter("Decide").exit("Decide").enter("Done").exit("Done").add("ExecutionSucceeded", output="{}")
    graph = draw(events)
    assert graph.status is ExecutionStatus.SUCCEEDED
    assert taken(graph) == [
        ("Plan", "Write", False),
        ("Write", "Ask", False),
        ("Ask", "Decide", False),
        ("Decide", "Done", False),
    ]
    assert node(graph, "Plan").duration_ms == 3000
    assert node(graph, "Plan").attempts == 1
    assert node(graph, "Decide").attempts == 0
    assert node(graph, "Done").status is NodeStatus.SUCCEEDED
    assert node(graph, "Record").status is NodeStatus.NOT_REACHED
    assert graph.stopped_at == START + timedelta(seconds=len(events.list))


def test_the_state_it_is_in_runs_until_now() -> None:
    events = Events().done("Plan").enter("Write")
    write = node(draw(events, counts={"Write": MapCounts(total=40, running=8, completed=20, failed=1)}), "Write")
    assert write.status is NodeStatus.RUNNING
    assert write.duration_ms == 10_000
    assert write.exited_at is None
    assert write.counts is not None
    assert write.counts.completed == 20
    assert write.children[0].status is NodeStatus.RUNNING


def test_a_callback_task_waits() -> None:
    events = Events().done("Plan").enter("Write").exit("Write").enter("Ask")
    events.add("TaskScheduled", resource="invoke.waitForTaskToken")
    assert node(draw(events), "Ask").status is NodeStatus.WAITING


def test_a_failed_attempt_is_retried_and_then_forgiven() -> None:
    events = Events().enter("Plan").fail("ThrottledError").fail("ThrottledError")
    plan = node(draw(events), "Plan")
    assert (plan.status, plan.attempts, plan.detail) == (NodeStatus.RETRYING, 2, "ThrottledError")
    events.add("TaskScheduled", resource="arn")
    assert node(draw(events), "Plan").status is NodeStatus.RUNNING
    events.add("TaskSucceeded", resource="arn")
    plan = node(draw(events.exit("Plan")), "Plan")
    assert (plan.status, plan.attempts) == (NodeStatus.SUCCEEDED, 3)


@pytest.mark.parametrize("aws", [True, False])
def test_a_caught_error_takes_the_catch(aws: bool) -> None:
    events = Events(aws=aws).enter("Plan").fail("InvalidInputError").exit("Plan").done("Record").enter("Broken")
    events.add("ExecutionFailed", error="InvalidInputError", cause="no brand")
    graph = draw(events)
    plan = node(graph, "Plan")
    assert (plan.status, plan.detail) == (NodeStatus.CAUGHT, "InvalidInputError")
    assert taken(graph) == [("Plan", "Record", True), ("Record", "Broken", False)]
    assert node(graph, "Record").status is NodeStatus.SUCCEEDED
    assert node(graph, "Broken").detail == "InvalidInputError"
    assert node(graph, "Broken").status is NodeStatus.FAILED
    assert graph.error == "InvalidInputError"


def test_next_and_catch_to_the_same_state_are_told_apart() -> None:
    events = Events().enter("Plan").fail("X").exit("Plan").enter("Record").fail("Y").exit("Record").enter("Broken")
    graph = draw(events)
    assert taken(graph) == [("Plan", "Record", True), ("Record", "Broken", True)]
    assert node(graph, "Record").status is NodeStatus.CAUGHT


def test_a_map_that_failed_without_an_event_of_its_own_is_known_by_where_it_led() -> None:
    graph = draw(Events().done("Plan").enter("Write").exit("Write").enter("Record"))
    assert node(graph, "Write").status is NodeStatus.CAUGHT
    assert node(graph, "One").status is NodeStatus.CAUGHT


def test_an_uncaught_error_fails_the_state_it_happened_in() -> None:
    events = Events().done("Plan").enter("Write").exit("Write").enter("Ask").fail("PermanentError")
    events.add("ExecutionFailed", error="PermanentError", cause="")
    ask = node(draw(events), "Ask")
    assert (ask.status, ask.detail) == (NodeStatus.FAILED, "PermanentError")


@pytest.mark.parametrize("end", ["ExecutionAborted", "ExecutionTimedOut"])
def test_what_was_open_when_the_execution_was_ended_is_stopped(end: str) -> None:
    events = Events().done("Plan").enter("Write")
    events.add(end)
    assert node(draw(events), "Write").status is NodeStatus.STOPPED


def test_the_engines_own_word_wins_over_a_history_without_an_end() -> None:
    """A restarted emulator ends its executions without an event."""
    graph = draw(
        Events().done("Plan").enter("Write"),
        status=ExecutionStatus.FAILED,
        stopped_at=START + timedelta(seconds=9),
        error="States.ServiceRestart",
    )
    write = node(graph, "Write")
    assert (write.status, write.detail) == (NodeStatus.FAILED, "States.ServiceRestart")
    assert write.duration_ms == 4000


def test_a_loop_is_counted() -> None:
    events = Events().done("Plan").enter("Write").exit("Write").done("Ask").enter("Decide").exit("Decide")
    graph = draw(events.enter("Write"))
    write = node(graph, "Write")
    assert (write.visits, write.status) == (2, NodeStatus.RUNNING)
    assert write.duration_ms == 1000 + 10_000
    assert ("Decide", "Write", False) in taken(graph)
    assert ("Decide", "Done", False) not in taken(graph)


def test_lambda_events_of_a_plain_lambda_resource_count_too() -> None:
    events = Events(aws=True).enter("Plan")
    events.add("LambdaFunctionScheduled", resource="arn")
    events.add("LambdaFunctionStarted")
    events.add("LambdaFunctionTimedOut")
    plan = node(draw(events), "Plan")
    assert (plan.attempts, plan.status, plan.detail) == (1, NodeStatus.RETRYING, "States.Timeout")


def test_a_redriven_execution_goes_on() -> None:
    events = Events(aws=True).enter("Plan").fail("X")
    events.add("ExecutionFailed", error="X")
    events.add("ExecutionRedriven", redriveCount=1)
    events.add("TaskScheduled", resource="arn")
    graph = draw(events)
    assert graph.status is ExecutionStatus.RUNNING
    assert (node(graph, "Plan").status, node(graph, "Plan").attempts) == (NodeStatus.RUNNING, 2)
    assert graph.error is None


def test_events_may_come_newest_first() -> None:
    events = Events().done("Plan").enter("Write")
    assert fold(reversed(events.list)) == fold(events.list)


def test_branches_that_interleave_are_told_apart_by_the_chain() -> None:
    events = Events(aws=True)
    events.add("ParallelStateEntered", name="Both")
    started = events.add("ParallelStateStarted")
    left = events.add("TaskStateEntered", after=started, name="Left")
    right = events.add("TaskStateEntered", after=started, name="Right")
    left = events.add("TaskScheduled", after=left, resource="arn")
    right = events.add("TaskScheduled", after=right, resource="arn")
    left = events.add("TaskFailed", after=left, error="X")
    right = events.add("TaskSucceeded", after=right)
    right = events.add("TaskStateExited", after=right, name="Right")
    left = events.add("TaskScheduled", after=left, resource="arn")
    left = events.add("TaskSucceeded", after=left)
    left = events.add("TaskStateExited", after=left, name="Left")
    done = events.add("ParallelStateSucceeded", after=left)
    events.add("ParallelStateExited", after=done, name="Both")
    events.add("SucceedStateEntered", name="Done")
    visits = {visit.name: visit for visit in fold(events.list).visits}
    assert (visits["Left"].attempts, visits["Right"].attempts, visits["Both"].attempts) == (2, 1, 0)
    assert not visits["Left"].failed
    assert visits["Left"].next is None
    assert visits["Right"].next is None
    assert visits["Both"].next == "Done"


def test_work_inside_a_parallel_that_names_no_state_is_not_the_parallels() -> None:
    events = Events()
    events.add("ParallelStateEntered", name="Both")
    events.add("TaskScheduled", resource="arn")
    events.add("TaskFailed", error="X")
    (both,) = fold(events.list).visits
    assert (both.attempts, both.failed) == (0, False)


def test_the_wire_is_camel_case_and_comes_back_the_same() -> None:
    graph = draw(Events().done("Plan").enter("Write"), counts={"Write": MapCounts(total=3)}, title="Spring")
    wire = graph.to_wire()
    assert wire["executionArn"] == "arn:x"
    assert wire["nodes"][0]["durationMs"] == 3000
    assert wire["nodes"][0]["enteredAt"] == "2026-06-01T09:00:01.000Z"
    assert ExecutionGraph.from_wire(wire) == graph
    assert GraphEdge(source="Plan", target="Write", taken=True) in graph.edges
