"""The definition: states, transitions, labels, shape."""

import copy
from typing import Any

import pytest

from lambdas.domain.graph.definition import Transition, condition, parse
from lambdas.domain.graph.model import ANY_ERROR, NodeKind

CATCH_ALL = [{"ErrorEquals": ["States.ALL"], "Next": "Broken"}]
WORKFLOW: dict[str, Any] = {
    "StartAt": "Plan",
    "States": {
        "Plan": {"Type": "Task", "Resource": "arn", "Comment": "Lay it out", "Next": "Write", "Catch": CATCH_ALL},
        "Write": {
            "Type": "Map",
            "Next": "Ask",
            "Catch": CATCH_ALL,
            "ItemProcessor": {
                "StartAt": "One",
                "States": {
                    "One": {"Type": "Task", "Resource": "arn", "Next": "Two"},
                    "Two": {"Type": "Pass", "End": True},
                },
            },
        },
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Next": "Decide",
            "Catch": [{"ErrorEquals": ["States.Timeout", "States.HeartbeatTimeout"], "Next": "Done"}, *CATCH_ALL],
        },
        "Decide": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.d", "StringEquals": "approved", "Next": "Done"},
                {"Variable": "$.d", "StringEquals": "skipped", "Next": "Done"},
                {"Variable": "$.d", "StringEquals": "again", "Next": "Write"},
            ],
            "Default": "Broken",
        },
        "Done": {"Type": "Succeed"},
        "Broken": {"Type": "Fail"},
    },
}


def test_states_keep_their_order_kind_and_comment() -> None:
    plan = parse(WORKFLOW)
    assert plan.start_at == "Plan"
    assert [state.name for state in plan.states] == list(WORKFLOW["States"])
    assert plan.states[0].kind is NodeKind.TASK
    assert plan.states[0].comment == "Lay it out"


def test_only_a_task_that_waits_for_its_token_is_a_callback() -> None:
    assert [state.name for state in parse(WORKFLOW).states if state.callback] == ["Ask"]


def test_a_map_holds_its_processor_and_the_transitions_within() -> None:
    plan = parse(WORKFLOW)
    assert [inner.name for inner in plan.states[1].inner] == ["One", "Two"]
    assert Transition("One", "Two") in plan.transitions


def test_a_parallel_holds_the_states_of_all_branches() -> None:
    branches = [{"StartAt": n, "States": {n: {"Type": "Pass", "End": True}}} for n in ("Left", "Right")]
    plan = parse({"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": branches, "End": True}}})
    assert [inner.name for inner in plan.states[0].inner] == ["Left", "Right"]


def test_transitions_say_what_takes_them() -> None:
    found = parse(WORKFLOW).transitions
    assert Transition("Plan", "Write") in found
    assert Transition("Plan", "Broken", ANY_ERROR, caught=True) in found
    assert Transition("Ask", "Done", "States.Timeout, States.HeartbeatTimeout", caught=True) in found
    assert Transition("Decide", "Broken", "otherwise") in found


def test_rules_that_lead_to_the_same_state_are_one_transition() -> None:
    to_done = [t for t in parse(WORKFLOW).transitions if (t.source, t.target) == ("Decide", "Done")]
    assert to_done == [Transition("Decide", "Done", "approved or skipped")]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"Variable": "$.a.ready", "BooleanEquals": True}, "ready"),
        ({"Variable": "$.a.ready", "BooleanEquals": False}, "not ready"),
        ({"Variable": "$.count", "NumericGreaterThan": 0}, "count > 0"),
        ({"Variable": "$.count", "NumericLessThanEqualsPath": "$.plan.limit"}, "count ≤ limit"),
        ({"Variable": "$.at", "TimestampGreaterThanEquals": "2026-01-01T00:00:00Z"}, "at ≥ 2026-01-01T00:00:00Z"),
        ({"Variable": "$.error", "IsPresent": True}, "error is present"),
        ({"Variable": "$.error", "IsNull": False}, "error is not null"),
        ({"Not": {"Variable": "$.s", "StringEquals": "paused"}}, "not paused"),
        ({"And": [{"Variable": "$.n", "NumericEquals": 1}, {"Variable": "$.b", "BooleanEquals": True}]}, "n = 1 and b"),
        ({"Or": [{"Variable": "$.s", "StringEquals": "a"}, {"Variable": "$.s", "StringMatches": "b*"}]}, "a or b*"),
        ({"Condition": "{% $n > 2 %}"}, "$n > 2"),
    ],
)
def test_a_rule_in_a_few_words(rule: dict[str, Any], words: str) -> None:
    assert condition({**rule, "Next": "X"}) == words


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({}, "starts at None"),
        ({"StartAt": "A", "States": {"B": {"Type": "Succeed"}}}, "starts at 'A'"),
        ({"StartAt": "A", "States": {"A": {"Type": "Dance"}}}, "unknown type 'Dance'"),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}, "leads to 'B'"),
    ],
)
def test_a_definition_no_engine_would_take_is_refused(definition: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse(definition)


def changed(*path: str, **fields: Any) -> dict[str, Any]:
    """The workflow with ``fields`` put into what is at ``path``."""
    copied = copy.deepcopy(WORKFLOW)
    place = copied
    for key in path:
        place = place[key]
    place |= fields
    return copied


@pytest.mark.parametrize(
    "same",
    [
        changed(Comment="another", TimeoutSeconds=60, QueryLanguage="JSONPath"),
        changed("States", "Plan", Resource="arn:aws:lambda:eu-west-1:1:function:stage-plan:7", Comment="other"),
        changed("States", "Plan", TimeoutSeconds=5, Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 9}]),
        changed("States", "Write", MaxConcurrency=3, Label="Write"),
        WORKFLOW | {"States": dict(reversed(WORKFLOW["States"].items()))},
    ],
    ids=["machine", "version", "retries", "map", "order"],
)
def test_deployments_of_the_same_workflow_have_one_shape(same: dict[str, Any]) -> None:
    assert parse(same).shape == parse(WORKFLOW).shape


@pytest.mark.parametrize(
    "other",
    [
        WORKFLOW | {"StartAt": "Write"},
        changed("States", "Plan", Next="Ask"),
        changed("States", "Plan", Catch=[]),
        changed("States", "Plan", Type="Pass"),
        changed("States", "Ask", Resource="arn"),
        changed("States", "Decide", Default="Done"),
        changed("States", "Write", "ItemProcessor", "States", "Two", Type="Wait", Seconds=1),
        changed("States", More={"Type": "Succeed"}),
    ],
    ids=["start", "next", "catch", "type", "callback", "default", "inner", "state"],
)
def test_another_workflow_has_another_shape(other: dict[str, Any]) -> None:
    assert parse(other).shape != parse(WORKFLOW).shape
