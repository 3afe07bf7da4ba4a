"""``GET /campaigns/{id}/executions``: page by page, each state with what its step left."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from lambdas.domain.models.campaign import CampaignStatus, Failure
from lambdas.domain.models.checkpoint import Checkpoint, StepOutcome
from lambdas.domain.models.workflow import ExecutionStatus
from lambdas.ports.engine import ExecutionState
from tests.support.api import World
from tests.support.waiting import CAMPAIGN_ID, Waiting, waiting_campaign

PATH = f"/campaigns/{CAMPAIGN_ID}/executions"


def executed(world: World, found: Waiting, count: int) -> list[str]:
    """The campaign has had ``count`` executions, of which the last one runs; answers their ARNs."""
    names = [CAMPAIGN_ID, *(f"{CAMPAIGN_ID}-{number}" for number in range(1, count))]
    arns = [world.engine.arn_of(name) for name in names]
    for arn in arns:
        world.engine.states[arn] = ExecutionState(arn=arn, status=ExecutionStatus.FAILED, error="Gone")
    world.engine.states[arns[-1]] = ExecutionState(arn=arns[-1], status=ExecutionStatus.RUNNING)
    world.campaigns.update(found.key, expected=tuple(CampaignStatus), at=world.clock.now(), execution_arn=arns[-1])
    return arns


def event(number: int, kind: str, at: datetime, **details: Any) -> dict[str, Any]:
    return {"id": number, "type": kind, "timestamp": at, "anyEventDetails": details}


def test_a_list_of_executions_is_read_page_by_page(world: World) -> None:
    executed(world, waiting_campaign(world), 5)
    first = world.call("GET", PATH, query={"limit": "2"}).json
    assert [item["name"] for item in first["items"]] == [CAMPAIGN_ID, f"{CAMPAIGN_ID}-1"]
    assert [(item["status"], item["error"]) for item in first["items"]] == [("FAILED", "Gone")] * 2
    assert CAMPAIGN_ID not in first["nextCursor"]
    second = world.call("GET", PATH, query={"limit": "2", "cursor": first["nextCursor"]}).json
    third = world.call("GET", PATH, query={"limit": "2", "cursor": second["nextCursor"]}).json
    assert [item["name"][-2:] for item in second["items"]] == ["-2", "-3"]
    assert [(item["name"][-2:], item["status"]) for item in third["items"]] == [("-4", "RUNNING")]
    assert third["nextCursor"] is None


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"cursor": "LTk"}, {"cursor": "%%"}])
def test_a_page_that_cannot_be_is_refused(world: World, query: dict[str, str]) -> None:
    executed(world, waiting_campaign(world), 2)
    reply = world.call("GET", PATH, query=query)
    assert (reply.status, reply.fields) == (422, list(query))


def test_a_campaign_that_was_never_started_has_none(world: World) -> None:
    found = waiting_campaign(world)
    assert found.stored()
    assert world.call("GET", PATH).json == {"items": [], "nextCursor": None}


def test_each_state_is_told_with_the_attempts_of_its_step(world: World) -> None:
    """A state that was retried, and entered again after a revision."""
    found = waiting_campaign(world)
    (arn,) = executed(world, found, 1)
    start = world.clock.now()
    second, third = start + timedelta(seconds=10), start + timedelta(seconds=20)
    world.engine.histories[arn] = [
        event(1, "ExecutionStarted", start),
        event(2, "TaskStateEntered", start, name="AggregateResults"),
        event(3, "TaskScheduled", start),
        event(4, "TaskFailed", start + timedelta(seconds=1), error="ThrottledError"),
        event(5, "TaskScheduled", start + timedelta(seconds=2)),
        event(6, "TaskSucceeded", start + timedelta(seconds=3)),
        event(7, "TaskStateExited", start + timedelta(seconds=4), name="AggregateResults"),
        event(8, "ChoiceStateEntered", second, name="CheckDecision"),
        event(9, "ChoiceStateExited", second, name="CheckDecision"),
        event(10, "TaskStateEntered", third, name="AggregateResults"),
        event(11, "TaskScheduled", third),
    ]
    error = Failure(code="THROTTLED", message="slow down", at=start, retryable=True)
    for attempt, outcome, entered in (
        (0, StepOutcome.FAILED, start),
        (1, StepOutcome.SUCCEEDED, start + timedelta(milliseconds=3)),
        (0, StepOutcome.STARTED, third),
    ):
        checkpoint = Checkpoint(
            step_name="AggregateResults",
            attempt=attempt,
            outcome=outcome,
            execution_arn=arn,
            correlation_id="c",
            entered_at=entered,
            started_at=entered,
            error=error if outcome is StepOutcome.FAILED else None,
        )
        world.checkpoints.begin(found.key, checkpoint)
    (execution,) = world.call("GET", PATH).json["items"]
    states = execution["states"]
    assert [(s["state"], s["outcome"], len(s["attempts"])) for s in states] == [
        ("AggregateResults", "done", 2),
        ("CheckDecision", "done", 0),
        ("AggregateResults", "open", 1),
    ]
    first = states[0]
    assert (first["kind"], first["error"], first["durationMs"]) == ("Task", "ThrottledError", 4000)
    assert [(a["attempt"], a["outcome"]) for a in first["attempts"]] == [(0, "failed"), (1, "succeeded")]
    assert first["attempts"][0]["error"]["code"] == "THROTTLED"


def test_a_page_of_long_stories_fits_into_an_answer(world: World) -> None:
    """A cause may have 32,768 characters, and each may become seven bytes in the answer."""
    arns = executed(world, waiting_campaign(world), 60)
    for arn in arns:
        cause = "\N{LATIN SMALL LETTER U WITH DIAERESIS}" * 32_768
        world.engine.states[arn] = ExecutionState(arn=arn, status=ExecutionStatus.FAILED, error="E", cause=cause)
    seen: list[str] = []
    cursor, asked = None, 0
    while asked == 0 or cursor:
        reply = world.call("GET", PATH, query={"limit": "100"} | ({"cursor": cursor} if cursor else {}))
        assert len(json.dumps({"body": reply.text})) < 6_000_000
        seen += [item["executionArn"] for item in reply.json["items"]]
        cursor, asked = reply.json["nextCursor"], asked + 1
    assert seen == arns
    assert asked > 1
