import json
from datetime import timedelta
from typing import Any

import pytest

from lambdas.build.record_failure import MESSAGE_CHARS, record_failure
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.campaign import Campaign, CampaignStatus, Failure
from lambdas.domain.models.checkpoint import Checkpoint
from lambdas.domain.models.workflow import CaughtError, Decision, StatusResult
from lambdas.services.lifecycle import BUILDING
from tests.contract.samples import approval
from tests.fakes import stored
from tests.support import samples
from tests.support.events import EXECUTION_ARN, step_event
from tests.support.world import World

LAMBDA_CAUSE = json.dumps(
    {"errorMessage": "3 of 4 posts failed", "errorType": "TooManyPostsFailedError", "stackTrace": ["…"]}
)
TOO_MANY = CaughtError(error="TooManyPostsFailedError", cause=LAMBDA_CAUSE)


def record(world: World, caught: CaughtError | None = TOO_MANY, decision: Decision | None = None) -> StatusResult:
    event = step_event(world, "RecordFailure", error=caught, approval=decision)
    return record_failure(event, world)


def failure_of(world: World) -> Failure:
    error = world.campaigns.get(samples.KEY).error
    assert error is not None
    return error


def leave(world: World, *steps: tuple[str, str], execution: str = EXECUTION_ARN) -> None:
    """Checkpoints, one second after the other."""
    for number, (name, outcome) in enumerate(steps):
        at = world.clock.now() + timedelta(seconds=number)
        fields: dict[str, Any] = {
            "stepName": name,
            "attempt": number,
            "outcome": outcome,
            "executionArn": execution,
            "correlationId": samples.CORRELATION,
            "startedAt": at,
            "endedAt": at,
            "durationMs": 1.0,
        }
        world.checkpoints.record(samples.KEY, Checkpoint.model_validate(fields))


def test_a_step_that_died_before_its_end_was_on_record_alerts_again_rather_than_not_at_all(world: World) -> None:
    world.queue()
    record(world)
    record(world)
    assert len(world.alerts.sent) == 2


@pytest.mark.parametrize("status", BUILDING)
def test_from_wherever_it_was_the_campaign_is_failed_with_the_reason(world: World, status: CampaignStatus) -> None:
    world.queue(status=status)
    assert record(world).status is CampaignStatus.FAILED
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.FAILED
    failure = failure_of(world)
    assert (failure.code, failure.message) == ("TOO_MANY_POSTS_FAILED", "3 of 4 posts failed")
    assert failure.retryable is False
    assert failure.at == stored(world.clock.now())


def test_a_repeat_keeps_the_first_reason_and_alerts_nobody_again(world: World) -> None:
    world.queue()
    record(world)
    leave(world, ("RecordFailure", "succeeded"))
    before = world.everything()
    world.clock.advance(timedelta(seconds=1))
    assert record(world, CaughtError(error="States.Timeout")).status is CampaignStatus.FAILED
    assert world.everything() == before


@pytest.mark.parametrize("status", [status for status in CampaignStatus if status not in BUILDING])
def test_a_campaign_that_is_past_building_stays_as_it_is(world: World, status: CampaignStatus) -> None:
    world.queue(status=status)
    before = world.everything()
    assert record(world).status is status
    assert world.everything() == before


@pytest.mark.parametrize(
    ("error", "cause", "code", "message", "retryable"),
    [
        ("ThrottledError", '{"errorMessage": "slow down"}', "THROTTLED", "slow down", True),
        ("AgentPermanentError", '{"errorMessage": "no voice"}', "AGENT_PERMANENT", "no voice", False),
        ("States.Timeout", "", "States.Timeout", "States.Timeout", True),
        ("Lambda.Unknown", "No error type", "Lambda.Unknown", "No error type", True),
        ("Runtime.ExitError", '{"errorType": "x"}', "Runtime.ExitError", '{"errorType": "x"}', True),
        ("States.ExceedToleratedFailureThreshold", "[1, 2]", "States.ExceedToleratedFailureThreshold", "[1, 2]", False),
        ("KeyError", '{"errorMessage": "\'x\'"}', "KeyError", "'x'", False),
        ("Odd", '{"errorMessage": null}', "Odd", '{"errorMessage": null}', False),
        ("Odd", "{not json", "Odd", "{not json", False),
    ],
)
def test_errors_of_ours_of_lambda_and_of_the_engine_are_put_in_words(
    world: World, error: str, cause: str, code: str, message: str, retryable: bool
) -> None:
    world.queue()
    record(world, CaughtError(error=error, cause=cause))
    failure = failure_of(world)
    assert (failure.code, failure.message, failure.retryable) == (code, message, retryable)


@pytest.mark.parametrize("cause", ["x" * 32_768, json.dumps({"errorMessage": "x" * 32_000})])
def test_a_long_cause_is_cut(world: World, cause: str) -> None:
    world.queue()
    record(world, CaughtError(error="States.TaskFailed", cause=cause))
    assert failure_of(world).message == "x" * MESSAGE_CHARS


def test_without_an_error_it_says_so(world: World) -> None:
    world.queue()
    record(world, None)
    assert failure_of(world).message == "the workflow gave no reason"


def test_links_still_open_are_closed(world: World) -> None:
    world.queue(status=CampaignStatus.AWAITING_APPROVAL)
    world.approvals.create(approval(campaignId=samples.CAMPAIGN_ID))
    record(world)
    assert [a.status for a in world.approvals.all(samples.KEY)] == [ApprovalStatus.CLOSED]


OK, NOT = "succeeded", "failed"
SAVED = (("ValidateCampaign", OK), ("SaveCampaign", OK))


@pytest.mark.parametrize(
    ("left", "decision", "step"),
    [
        ((("ValidateCampaign", NOT),), None, "ValidateCampaign"),
        ((), None, "ValidateCampaign"),
        ((("ValidateCampaign", OK), ("SaveCampaign", NOT), ("SaveCampaign", NOT)), None, "SaveCampaign"),
        ((*SAVED, ("PlanPosts", NOT), ("PlanPosts", OK)), None, "GeneratePosts"),
        ((*SAVED, ("PlanPosts", OK), ("AggregateResults", NOT)), None, "AggregateResults"),
        ((*SAVED, ("PlanPosts", OK), ("AggregateResults", OK)), None, "RequestApproval"),
        ((*SAVED, ("PlanPosts", OK), ("AggregateResults", OK), ("RequestApproval", OK)), None, "RequestApproval"),
        ((*SAVED, ("AggregateResults", OK)), Decision.APPROVED, "CompleteCampaign"),
        ((*SAVED, ("AggregateResults", OK)), Decision.REJECTED, "RejectCampaign"),
        ((*SAVED, ("PlanPosts", NOT), ("RecordFailure", NOT)), None, "PlanPosts"),
    ],
)
def test_the_step_that_failed_is_named(
    world: World, left: tuple[tuple[str, str], ...], decision: Decision | None, step: str
) -> None:
    world.queue()
    leave(world, ("CompleteCampaign", NOT), execution="arn:aws:states:us-east-1:000000000000:execution:Build:other")
    leave(world, *left)
    record(world, decision=decision)
    assert failure_of(world).step == step


def test_an_execution_that_was_replaced_fails_nothing_of_its_successor(world: World) -> None:
    world.queue(status=CampaignStatus.AWAITING_APPROVAL)
    world.approvals.create(approval(campaignId=samples.CAMPAIGN_ID))
    world.campaigns.update(samples.KEY, expected=BUILDING, execution_arn=f"{EXECUTION_ARN}-1", at=world.clock.now())
    before = world.everything()
    assert record(world).status is CampaignStatus.AWAITING_APPROVAL
    assert world.everything() == before


def test_one_that_is_replaced_while_it_is_at_it_closes_and_alerts_nothing(world: World) -> None:
    world.queue(status=CampaignStatus.AWAITING_APPROVAL)
    world.approvals.create(approval(campaignId=samples.CAMPAIGN_ID))
    get = world.campaigns.get

    def overtaken(key: CampaignKey) -> Campaign:
        read = get(key)
        world.campaigns.get = get  # type: ignore[method-assign]  # once
        world.campaigns.update(key, expected=BUILDING, execution_arn=f"{EXECUTION_ARN}-1", at=world.clock.now())
        return read

    world.campaigns.get = overtaken  # type: ignore[method-assign]  # the reconciler comes in between
    assert record(world).status is CampaignStatus.AWAITING_APPROVAL
    assert [a.status for a in world.approvals.all(samples.KEY)] == [ApprovalStatus.PENDING]
    assert world.alerts.sent == []


def test_a_successors_failure_is_not_told_a_second_time(world: World) -> None:
    world.queue()
    record(world)
    world.campaigns.update(
        samples.KEY, expected=tuple(CampaignStatus), execution_arn=f"{EXECUTION_ARN}-1", at=world.clock.now()
    )
    assert record(world).status is CampaignStatus.FAILED
    assert len(world.alerts.sent) == 1
