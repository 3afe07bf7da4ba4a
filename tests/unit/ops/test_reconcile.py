"""What the reconciler finds and what it does about it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from lambdas.domain.due_entry import Kind
from lambdas.domain.ids import CampaignId
from lambdas.domain.models.active import SOON
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.post import Claim, PostStatus
from lambdas.domain.models.workflow import BuildInput, ExecutionStatus
from lambdas.ops.mending import (
    MAX_RECOVERIES,
    WINDOW,
)
from lambdas.ports.engine import SERVICE_RESTART, ExecutionState
from lambdas.services.lifecycle import BUILDING
from tests.support import samples
from tests.support.events import planned
from tests.support.recovery import lost
from tests.support.recovery import run_reconciler as run
from tests.support.world import World, entries_of

FIRST, SECOND = samples.CAMPAIGN_ID, f"{samples.CAMPAIGN_ID}-1"


@pytest.fixture
def world() -> World:
    return World()


def execution(world: World) -> str | None:
    return world.campaigns.get(samples.KEY).execution_arn


@pytest.mark.parametrize("status", BUILDING)
@pytest.mark.parametrize(
    ("ended", "error"),
    [
        (ExecutionStatus.FAILED, "States.Runtime"),
        (ExecutionStatus.FAILED, SERVICE_RESTART),
        (ExecutionStatus.ABORTED, None),
        (ExecutionStatus.TIMED_OUT, None),
        (ExecutionStatus.SUCCEEDED, None),
    ],
)
def test_a_campaign_without_its_execution_gets_a_new_one(
    world: World, status: CampaignStatus, ended: ExecutionStatus, error: str | None
) -> None:
    lost(world, status, ended, error)
    run(world)
    arn = world.engine.arn_of(SECOND)
    assert execution(world) == arn
    assert world.engine.started[arn].campaign_id == samples.CAMPAIGN_ID
    # A revision that was interrupted begins again, with the decision that asked for it.
    revising = status is CampaignStatus.NEEDS_REVISION
    assert world.campaigns.get(samples.KEY).status is (CampaignStatus.AWAITING_APPROVAL if revising else status)
    assert run(world).findings == {"fine": 1}


@pytest.mark.parametrize("status", BUILDING)
def test_an_execution_the_engine_does_not_know_is_started_under_the_name_on_the_record(
    world: World, status: CampaignStatus
) -> None:
    """Whoever named it died before starting it, or the engine does not know yet that it runs."""
    arn = lost(world, status, None)
    assert run(world).findings == {"fine": 1}
    assert arn not in world.engine.states
    world.clock.advance(SOON)
    assert run(world).findings == {"not_started": 1}
    assert (execution(world), world.engine.states[arn].is_live) == (arn, True)
    assert list(world.engine.states) == [arn]
    revising = status is CampaignStatus.NEEDS_REVISION
    assert world.campaigns.get(samples.KEY).status is (CampaignStatus.AWAITING_APPROVAL if revising else status)
    assert run(world).findings == {"fine": 1}


def test_what_runs_is_left_alone(world: World) -> None:
    event = world.queue(status=CampaignStatus.PLANNING)
    world.engine.start(event, FIRST)
    assert run(world).findings == {"fine": 1}
    assert list(world.engine.states) == [world.engine.arn_of(FIRST)]


def test_a_submission_is_given_time_and_then_started_under_its_own_name(world: World) -> None:
    world.queue()
    assert run(world).findings == {"fine": 1}
    world.clock.advance(timedelta(minutes=1))
    assert run(world).findings == {"not_started": 1}
    assert execution(world) == world.engine.arn_of(FIRST)


@pytest.mark.parametrize("ended", [ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT])
def test_what_the_engine_can_go_on_with_is_redriven(world: World, ended: ExecutionStatus) -> None:
    arn = lost(world, ended=ended, redrivable=True)
    run(world)
    assert world.engine.redriven == [arn]
    assert execution(world) == arn


def test_a_death_between_the_new_execution_and_its_record_starts_no_third(world: World) -> None:
    lost(world)
    started = world.engine.start(world.engine.started[world.engine.arn_of(FIRST)], SECOND)
    world.engine.end(started, ExecutionStatus.RUNNING)
    del world.engine.states[started]  # not listed yet
    run(world)
    assert execution(world) == started


def held(world: World, ended: ExecutionStatus, error: str | None = None, *, redrivable: bool = False) -> str:
    """An execution that is over, for which somebody holds the first batch; answers its ARN."""
    planned(world)
    arn = world.engine.start(as_input(world), FIRST)
    world.campaigns.update(samples.KEY, expected=BUILDING, at=world.clock.now(), execution_arn=arn)
    assert world.posts.claim(samples.KEY, 0, claim_of(world, "its own"))
    world.engine.end(arn, ended, error, redrivable=redrivable)
    return arn


def claim_of(world: World, owner: str) -> Claim:
    now = world.clock.now()
    return Claim(owner=owner, attempt=0, nonce="n", claimed_at=now, expires_at=now + timedelta(minutes=5))


def write(world: World) -> list[PostStatus]:
    """The writer's text comes; answers what the posts of the batch are then."""
    found = world.posts.get_many(samples.KEY, [post.post_id for post in world.posts.page(samples.KEY, 100).items])
    batch = [post for post in found if post.batch_id == 0]
    done = [post.model_copy(update={"status": PostStatus.COMPLETED}) for post in batch]
    return [post.status for post in world.posts.finish(samples.KEY, 0, done)]


def test_an_execution_is_replaced_when_nobody_writes_for_it_any_more(world: World) -> None:
    """A function outlives its execution. Its text is stored and not written a second time."""
    arn = held(world, ExecutionStatus.ABORTED)
    assert run(world).findings == {"writing": 1}
    assert (execution(world), world.engine.redriven) == (arn, [])
    assert set(write(world)) == {PostStatus.COMPLETED}
    assert run(world).findings == {"interrupted": 1}
    assert execution(world) == world.engine.arn_of(SECOND)


@pytest.mark.parametrize("redrivable", [False, True])
def test_of_a_writer_that_died_too_nobody_waits_longer_than_it_could_have_lived(world: World, redrivable: bool) -> None:
    arn = held(world, ExecutionStatus.ABORTED, redrivable=redrivable)
    looks = 0
    while run(world, everything=False).findings != {"interrupted": 1}:
        world.clock.advance(timedelta(minutes=1))
        looks += 1
        assert looks <= 3
    assert world.engine.redriven == ([arn] if redrivable else [])
    assert execution(world) == (arn if redrivable else world.engine.arn_of(SECOND))
    assert world.posts.claim(samples.KEY, 0, claim_of(world, "the new one"))


def test_writers_die_with_an_engine_that_is_restarted_and_nobody_waits_for_them(world: World) -> None:
    held(world, ExecutionStatus.FAILED, SERVICE_RESTART)
    assert run(world).findings == {"broken": 1}
    assert world.posts.claims(samples.KEY) == {}


def test_of_two_reconcilers_at_once_neither_takes_a_batch_from_the_new_executions_writer(world: World) -> None:
    held(world, ExecutionStatus.FAILED, SERVICE_RESTART)
    describe, others = world.engine.describe, []

    def overtaken(arn: str) -> ExecutionState | None:
        """Another reconciler does it all, and the new execution begins to write, after this one has read."""
        read = describe(arn)
        if not others:
            others.append(arn)
            assert run(world).findings == {"broken": 1}
            assert world.posts.claim(samples.KEY, 0, claim_of(world, "the new one"))
        return read

    world.engine.describe = overtaken  # type: ignore[method-assign]  # the other one comes in between
    run(world)
    assert [claim.owner for claim in world.posts.claims(samples.KEY).values()] == ["the new one"]
    assert set(write(world)) == {PostStatus.COMPLETED}
    assert sorted(world.engine.states) == [world.engine.arn_of(name) for name in (FIRST, SECOND)]


def as_input(world: World) -> BuildInput:
    campaign = world.campaigns.get(samples.KEY)
    return BuildInput(
        tenant_id=campaign.tenant_id, campaign_id=campaign.campaign_id, correlation_id=campaign.correlation_id
    )


def test_attempts_are_bounded_and_then_a_person_is_called(world: World) -> None:
    arn = lost(world)
    for _ in range(MAX_RECOVERIES):
        run(world)
        arn = execution(world) or ""
        world.engine.end(arn, ExecutionStatus.FAILED, "States.Runtime")
        assert world.campaigns.get(samples.KEY).status is CampaignStatus.GENERATING
    run(world)
    campaign = world.campaigns.get(samples.KEY)
    assert campaign.status is CampaignStatus.FAILED
    assert campaign.error is not None
    assert (campaign.error.code, campaign.error.retryable) == ("RECOVERY_EXHAUSTED", True)
    assert [cause.error for cause in campaign.error.causes] == ["States.Runtime"]
    (alert,) = world.alerts.sent
    assert alert.failure.to_record() == campaign.error.to_record()
    assert alert.failure.next_step
    assert alert.failure.execution_url
    run(world)
    assert world.active.get(samples.KEY) is None
    assert len(world.alerts.sent) == 1


def test_old_recoveries_do_not_count(world: World) -> None:
    lost(world)
    for _ in range(3 * MAX_RECOVERIES):
        run(world)
        world.engine.end(execution(world) or "", ExecutionStatus.FAILED, "States.Runtime")
        world.clock.advance(WINDOW / 4)
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.GENERATING


def test_a_restarted_engine_is_not_held_against_the_campaign(world: World) -> None:
    lost(world, ended=ExecutionStatus.FAILED, error=SERVICE_RESTART)
    for _ in range(3 * MAX_RECOVERIES):
        run(world)
        world.engine.end(execution(world) or "", ExecutionStatus.FAILED, SERVICE_RESTART)
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.GENERATING


def test_a_permanent_error_that_nobody_recorded_is_recorded_and_not_tried_again(world: World) -> None:
    arn = lost(world, ended=ExecutionStatus.FAILED, error="InvalidPlanError")
    run(world)
    campaign = world.campaigns.get(samples.KEY)
    assert (campaign.status, campaign.execution_arn) == (CampaignStatus.FAILED, arn)
    assert campaign.error is not None
    assert campaign.error.code == "INVALID_PLAN"
    assert len(world.alerts.sent) == 1


@pytest.mark.parametrize("status", [CampaignStatus.APPROVED, CampaignStatus.REJECTED, CampaignStatus.EXPIRED])
def test_what_is_over_leaves_the_list(world: World, status: CampaignStatus) -> None:
    arn = lost(world, status, ExecutionStatus.SUCCEEDED)
    assert run(world).findings == {"over": 1}
    assert world.active.get(samples.KEY) is None
    assert execution(world) == arn


def test_one_that_cannot_be_mended_does_not_keep_the_others_from_it(world: World) -> None:
    lost(world)
    broken = samples.KEY._replace(campaign_id=CampaignId("01KJQ0000000000000000000B2"))
    world.queue(campaign_id=broken.campaign_id, status=CampaignStatus.PLANNING)
    bad = world.engine.arn_of("broken")
    world.campaigns.update(broken, expected=BUILDING, at=world.clock.now(), execution_arn=bad)
    world.engine.start = _refusing(world.engine.start, broken.campaign_id)  # type: ignore[method-assign]  # one campaign's start is broken on purpose
    errors: list[Exception] = []
    world.clock.advance(SOON)
    report = run(world, errors, everything=False)
    assert (report.errors, len(errors)) == (1, 1)
    assert execution(world) == world.engine.arn_of(SECOND)
    # Not every minute from now on, but it is not forgotten.
    waits = [entry for entry in entries_of(world.due, Kind.CAMPAIGN) if entry.key == broken]
    assert [entry.failures for entry in waits] == [1]


def _refusing(start: Callable[[BuildInput, str], str], campaign_id: CampaignId) -> Callable[[BuildInput, str], str]:
    def refuse(event: BuildInput, name: str) -> str:
        if event.campaign_id == campaign_id:
            raise RuntimeError("no")
        return start(event, name)

    return refuse


def test_an_execution_that_ended_before_it_was_on_record_is_not_taken_for_the_new_one(world: World) -> None:
    event = world.queue()
    world.engine.end(world.engine.start(event, FIRST), ExecutionStatus.FAILED, "States.Runtime")
    world.clock.advance(timedelta(minutes=1))
    run(world)
    assert execution(world) == world.engine.arn_of(SECOND)
