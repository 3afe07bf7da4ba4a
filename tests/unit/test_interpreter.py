"""The interpreter of the tests does what Step Functions does, and refuses what it does not know."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.definition import DefinitionError
from tests.support.interpreter import (
    Await,
    Children,
    Ended,
    Invoke,
    Machine,
    Request,
    Sleep,
    StateError,
    drive,
    in_turn,
)

MACHINE = "arn:aws:states:us-east-1:1:execution:M"
CALLBACK = "arn:aws:states:::lambda:invoke.waitForTaskToken"
RULES = [
    {"ErrorEquals": ["NeverError"], "MaxAttempts": 0},
    {"ErrorEquals": ["BusyError"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2, "MaxDelaySeconds": 5},
    {"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 1},
]


def task(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "work", "Parameters": {"given.$": "$"}, "End": True, **more}


def mapping(**more: Any) -> dict[str, Any]:
    return {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": "b", "Key.$": "$.key"},
        },
        "ItemSelector": {"key.$": "$.key", "item.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index"},
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Each",
            "States": {"Each": task(Parameters={"item.$": "$", "name.$": "$$.Execution.Name"})},
        },
        "Label": "Things",
        "MaxConcurrencyPath": "$.most",
        "End": True,
        **more,
    }


def machine(first: dict[str, Any], **states: dict[str, Any]) -> Machine:
    return Machine({"StartAt": "First", "States": {"First": first, **states}}, MACHINE)


class Outside:
    """Answers what a state asks for, and notes it. ``work`` is the Lambda."""

    def __init__(self, work: Callable[[Any], Any] = lambda event: event) -> None:
        self.requests: list[Request] = []
        self.states: list[str] = []
        self._work = work

    def now(self) -> str:
        return f"at {len(self.states)}"

    def new_token(self) -> str:
        return "a-token"

    def entered(self, execution: str, state: str) -> None:
        self.states.append(state)

    def read(self, bucket: str, key: str) -> list[Any]:
        if key == "none":
            raise StateError("States.ItemReaderFailed")
        return ["x", "y", "z"]

    def serve(self, request: Request) -> Any:
        self.requests.append(request)
        match request:
            case Invoke():
                return self._work(request.event)
            case Await():
                return {"told": request.token}
            case Children():
                return [drive(run, self.serve) for run in request.runs]

    @property
    def waits(self) -> list[float]:
        return [request.seconds for request in self.requests if isinstance(request, Sleep)]

    @property
    def events(self) -> list[Any]:
        return [request.event for request in self.requests if isinstance(request, Invoke)]

    def run(self, runs: Machine, given: dict[str, Any] | None = None) -> Ended:
        return drive(runs.run(given or {}, "one", self), self.serve)


def failing(*errors: str) -> Callable[[Any], Any]:
    """A Lambda that fails with these errors and then works."""
    left = list(errors)

    def work(_: Any) -> Any:
        if left:
            raise StateError(left.pop(0), "because")
        return "done"

    return work


def test_states_follow_each_other_and_put_their_results_where_they_say() -> None:
    outside = Outside(lambda event: len(event["given"]))
    first = task(ResultPath="$.deep.n", Next="Kept")
    del first["End"]
    kept = {"Type": "Pass", "Result": 7, "ResultPath": None, "Next": "Told"}
    told = {"Type": "Pass", "Parameters": {"n.$": "$.deep.n", "as it is": None}, "End": True}
    ended = outside.run(machine(first, Kept=kept, Told=told), {"a": 1})
    assert ended == Ended("Told", {"n": 1, "as it is": None})
    assert outside.states == ["First", "Kept", "Told"]


def test_the_first_rule_that_names_the_error_has_its_own_count_and_waits() -> None:
    outside = Outside(failing("BusyError", "OddError", "BusyError", "BusyError"))
    context = {"retries.$": "$$.State.RetryCount", "since.$": "$$.State.EnteredTime"}
    assert outside.run(machine(task(Parameters=context, Retry=RULES))) == Ended("First", "done")
    assert outside.waits == [2, 1, 4, 5]
    assert outside.events == [{"retries": n, "since": "at 1"} for n in range(5)]


@pytest.mark.parametrize(
    ("errors", "attempts"),
    [(["NeverError"], 1), (["OddError"] * 2, 2), (["BusyError"] * 4, 4), (["States.Timeout"], 1)],
)
def test_what_no_rule_tries_again_ends_the_execution(errors: list[str], attempts: int) -> None:
    outside = Outside(failing(*errors))
    assert outside.run(machine(task(Retry=RULES))) == Ended("First", None, errors[0], "because")
    assert len(outside.events) == attempts


@pytest.mark.parametrize(
    ("named", "error", "caught"),
    [
        ("States.ALL", "States.Timeout", True),
        ("States.ALL", "States.Runtime", False),
        ("States.ALL", "States.DataLimitExceeded", False),
        ("States.TaskFailed", "AnyError", True),
        ("States.TaskFailed", "States.HeartbeatTimeout", True),
        ("States.TaskFailed", "States.Timeout", False),
        ("States.Timeout", "States.HeartbeatTimeout", True),
        ("States.HeartbeatTimeout", "States.Timeout", False),
    ],
)
def test_an_error_is_caught_by_its_name_or_a_wildcard(named: str, error: str, caught: bool) -> None:
    catch = [{"ErrorEquals": [named], "Next": "Caught", "ResultPath": "$.error"}]
    fail = {"Type": "Fail", "ErrorPath": "$.error.Error", "Cause": "as it says"}
    ended = Outside(failing(error)).run(machine(task(Catch=catch, OutputPath=None), Caught=fail))
    assert ended == (Ended("Caught", None, error, "as it says") if caught else Ended("First", None, error, "because"))


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ({"Variable": "$.word", "StringEquals": "yes"}, True),
        ({"Variable": "$.number", "StringEquals": "3"}, False),
        ({"Variable": "$.number", "NumericLessThan": 3}, False),
        ({"Variable": "$.number", "NumericGreaterThanEquals": 3}, True),
        ({"Variable": "$.fact", "BooleanEquals": True}, True),
        ({"Variable": "$.none", "IsPresent": False}, True),
        ({"Not": {"Variable": "$.none", "IsPresent": True}}, True),
        ({"And": [{"Variable": "$.none", "IsPresent": True}, {"Variable": "$.none", "StringEquals": "x"}]}, False),
        ({"Or": [{"Variable": "$.none", "IsPresent": True}, {"Variable": "$.fact", "BooleanEquals": True}]}, True),
    ],
)
def test_a_choice(rule: dict[str, Any], holds: bool) -> None:
    ways = {"Type": "Choice", "Choices": [rule | {"Next": "Yes"}], "Default": "No"}
    succeed = {"Type": "Succeed"}
    ended = Outside().run(machine(ways, Yes=succeed, No=succeed), {"word": "yes", "number": 3, "fact": True})
    assert ended.state == ("Yes" if holds else "No")


def test_a_wait() -> None:
    outside = Outside()
    wait = {"Type": "Wait", "SecondsPath": "$.seconds", "End": True}
    assert outside.run(machine(wait), {"seconds": 60}) == Ended("First", {"seconds": 60})
    assert outside.waits == [60]


def test_a_task_that_waits_hands_out_its_token_and_is_answered_by_it() -> None:
    outside = Outside()
    parameters = {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}}
    asking = task(Resource=CALLBACK, Parameters=parameters, TimeoutSeconds=100, HeartbeatSeconds=10)
    assert outside.run(machine(asking)) == Ended("First", {"told": "a-token"})
    assert outside.requests == [
        Invoke("First", "ask", {"token": "a-token"}, "a-token"),
        Await("First", "a-token", 100, 10),
    ]


def broken_at(place: int) -> Callable[[Any], Any]:
    def work(event: Any) -> Any:
        if event["item"]["at"] == place:
            raise StateError("BrokenError", "because")
        return event["item"]["item"]

    return work


def test_a_map_gives_each_item_an_execution_of_its_own() -> None:
    outside = Outside(broken_at(-1))
    assert outside.run(machine(mapping()), {"key": "k", "most": 2}) == Ended("First", ["x", "y", "z"])
    assert [event["item"] for event in outside.events] == [
        {"key": "k", "item": item, "at": at} for at, item in enumerate("xyz")
    ]
    assert len({event["name"] for event in outside.events} - {"one"}) == 3
    assert [request.at_once for request in outside.requests if isinstance(request, Children)] == [2]


@pytest.mark.parametrize(("tolerated", "fails"), [(0, True), (33, True), (34, False)])
def test_a_map_tolerates_a_share_of_its_children(tolerated: int, fails: bool) -> None:
    ended = Outside(broken_at(1)).run(machine(mapping(ToleratedFailurePercentage=tolerated)), {"key": "k", "most": 1})
    assert ended.error == ("States.ExceedToleratedFailureThreshold" if fails else None)
    assert fails or ended.output == ["x", None, "z"]


def test_a_map_takes_items_together_and_its_children_may_come_one_after_the_other() -> None:
    outside = Outside(lambda event: [item["at"] for item in event["item"]["Items"]])
    batched = machine(mapping(ItemBatcher={"MaxItemsPerBatch": 2}))
    assert outside.run(batched, {"key": "k", "most": 2}).output == [[0, 1], [2]]
    in_order = in_turn(batched.run({"key": "k", "most": 2}, "one", outside))
    assert drive(in_order, outside.serve).output == [[0, 1], [2]]
    assert sum(isinstance(request, Children) for request in outside.requests) == 1


def test_a_manifest_that_cannot_be_read_fails_the_map() -> None:
    again = [{"ErrorEquals": ["States.ItemReaderFailed"], "MaxAttempts": 2}]
    outside = Outside()
    ended = outside.run(machine(mapping(Retry=again)), {"key": "none", "most": 1})
    assert ended.error == "States.ItemReaderFailed"
    assert outside.waits == [1, 2]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (task(Assign={}), "Assign is not known"),
        ({"Type": "Parallel", "Branches": [], "End": True}, "the type Parallel is not known"),
        (task(Resource="arn:aws:states:::sqs:sendMessage"), "sqs:sendMessage is not known"),
        (task(Retry=[{"ErrorEquals": ["States.ALL"], "Jitter": 1}]), "Jitter is not known"),
        (task(Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Nowhere"}]), "no such state"),
        (task(Next="First"), "either it has a Next, or it is an End"),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "StringMatches": "*", "Next": "First"}]}, "StringMatches"),
        ({"Type": "Choice", "Choices": [{"Variable": "$.a", "Next": "First"}]}, "compares one thing"),
        (mapping(ItemProcessor={"ProcessorConfig": {"Mode": "INLINE"}, "States": {}}), "a map of this kind"),
        (mapping(ResultWriter={}), "ResultWriter is not known"),
    ],
)
def test_what_is_not_known_is_refused_before_anything_runs(state: dict[str, Any], told: str) -> None:
    with pytest.raises(DefinitionError, match=told):
        machine(state)


@pytest.mark.parametrize("path", ["States.Format('{}', $.a)", "$.a[0]", "$..a", "$.missing", "$$.Task.Token"])
def test_a_path_that_is_not_known_or_leads_nowhere_is_an_error(path: str) -> None:
    with pytest.raises(DefinitionError):
        Outside().run(machine(task(Parameters={"a.$": path})), {"a": [1]})


def test_another_query_language_is_refused() -> None:
    with pytest.raises(DefinitionError, match="QueryLanguage"):
        Machine({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}, "QueryLanguage": "JSONata"}, MACHINE)
