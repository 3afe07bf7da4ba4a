"""Progress: never over 100, and nothing is done before it is."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.models.campaign import Campaign, CampaignBrief, CampaignStatus, PostCounts
from lambdas.domain.models.checkpoint import BUILD_STEPS, Checkpoint, StepOutcome
from lambdas.services.lifecycle import BUILDING
from lambdas.services.progress import progress_of
from tests.support.samples import plain_brief

START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
NOW = START + timedelta(seconds=90)
BRIEF = CampaignBrief.from_wire(plain_brief())


def _campaign(status: CampaignStatus) -> Campaign:
    return Campaign(
        tenant_id="acme",
        campaign_id="01JZ0000000000000000000001",
        status=status,
        brief=BRIEF,
        correlation_id="c",
        created_at=START,
        updated_at=START + timedelta(seconds=60),
        created_by="robin",
    )


def _checkpoint(step: str, outcome: StepOutcome = StepOutcome.SUCCEEDED) -> Checkpoint:
    return Checkpoint(
        step_name=step,
        attempt=0,
        outcome=outcome,
        execution_arn="arn",
        correlation_id="c",
        started_at=START,
        ended_at=START,
        duration_ms=1.0,
    )


def _progress(status: CampaignStatus, steps: list[str], posts: PostCounts) -> dict[str, object]:
    checkpoints = [_checkpoint(step) for step in steps]
    return progress_of(_campaign(status), checkpoints, posts, now=NOW).model_dump(mode="json", by_alias=True)


def test_a_queued_campaign_is_at_its_first_step():
    assert _progress(CampaignStatus.QUEUED, [], PostCounts()) == {
        "status": "queued",
        "currentStep": "ValidateCampaign",
        "completedSteps": [],
        "remainingSteps": list(BUILD_STEPS),
        "progressPercentage": 0,
        "posts": {"total": 0, "planned": 0, "generating": 0, "completed": 0, "failed": 0, "dropped": 0},
        "needsPerson": 0,
        "startedAt": "2026-01-05T09:00:00.000Z",
        "elapsedSeconds": 90.0,
    }


def test_half_of_the_posts_are_half_of_their_step():
    posts = PostCounts(total=100, planned=40, generating=10, completed=45, failed=5)
    found = _progress(CampaignStatus.GENERATING, ["ValidateCampaign", "SaveCampaign", "PlanPosts"], posts)

    assert found["currentStep"] == "GeneratePosts"
    assert found["progressPercentage"] == 50  # three and a half of seven


def test_one_batch_does_not_make_the_step():
    posts = PostCounts(total=100, planned=90, completed=10)
    found = _progress(
        CampaignStatus.GENERATING, ["ValidateCampaign", "SaveCampaign", "PlanPosts", "GeneratePosts"], posts
    )

    assert found["currentStep"] == "GeneratePosts"


def test_a_campaign_that_waits_is_at_the_request():
    posts = PostCounts(total=10, completed=10)
    steps = [*BUILD_STEPS[:3], "AggregateResults", "RequestApproval"]
    found = _progress(CampaignStatus.AWAITING_APPROVAL, steps, posts)

    assert (found["currentStep"], found["progressPercentage"]) == ("RequestApproval", 71)
    assert found["completedSteps"] == list(BUILD_STEPS[:5])


def test_a_failed_step_is_not_done():
    failed = progress_of(
        _campaign(CampaignStatus.FAILED),
        [_checkpoint("ValidateCampaign"), _checkpoint("SaveCampaign", StepOutcome.FAILED)],
        PostCounts(),
        now=NOW,
    )
    assert (failed.completed_steps, failed.current_step) == (("ValidateCampaign",), None)
    assert failed.elapsed_seconds == 60  # its end, and not now


@pytest.mark.parametrize("status", ["approved", "scheduled", "running", "paused", "completed"])
def test_an_approved_campaign_is_built(status):
    found = _progress(CampaignStatus(status), [], PostCounts(total=1, completed=1))

    assert (found["progressPercentage"], found["currentStep"], found["remainingSteps"]) == (100, None, [])


@pytest.mark.parametrize("status", ["rejected", "expired"])
def test_a_campaign_without_approval_has_no_current_step(status):
    steps = [*BUILD_STEPS[:3], "AggregateResults", "RejectCampaign"]
    found = _progress(CampaignStatus(status), steps, PostCounts(total=1, completed=1))

    assert (found["currentStep"], found["remainingSteps"]) == (None, ["CompleteCampaign"])


@given(
    status=st.sampled_from(CampaignStatus),
    steps=st.lists(st.sampled_from([*BUILD_STEPS, "RecordFailure"])),
    numbers=st.tuples(*[st.integers(0, 20_000)] * 5),
)
def test_progress_is_always_coherent(status, steps, numbers):
    """Whatever stale counts and checkpoints are found."""
    total, planned, generating, completed, failed = numbers
    posts = PostCounts(total=total, planned=planned, generating=generating, completed=completed, failed=failed)
    progress = progress_of(_campaign(status), [_checkpoint(step) for step in steps], posts, now=NOW)

    assert 0 <= progress.progress_percentage <= 100
    assert progress.completed_steps + progress.remaining_steps == BUILD_STEPS
    assert (progress.current_step is None) == (status not in BUILDING or not progress.remaining_steps)


def test_the_endpoint_keeps_a_current_step_that_is_null(make_waiting, world):
    waiting = make_waiting(2)
    path = f"/campaigns/{waiting.key.campaign_id}/progress"
    assert world.call("GET", path).json["posts"]["completed"] == 2
    world.campaigns.update(
        waiting.key,
        expected=[CampaignStatus.AWAITING_APPROVAL],
        status=CampaignStatus.APPROVED,
        at=world.clock.now(),
    )
    found = world.call("GET", path).json
    assert (found["currentStep"], found["progressPercentage"]) == (None, 100)
