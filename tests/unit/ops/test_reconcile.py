"""What the reconciler finds and what it does about it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from lambdas.core.active import ActiveCampaign
from lambdas.core.executions import SERVICE_RESTART
from lambdas.core.graph.model import ExecutionStatus
from lambdas.core.ids import CampaignId
from lambdas.core.models.campaign import CampaignStatus
from lambdas.core.models.post import Claim, PostStatus
from lambdas.core.models.workflow import BuildInput
from lambdas.core.progression import BUILDING
from lambdas.core.recovery import RecoveryPorts
from lambdas.ops.reconcile.logic import MAX_RECOVERIES, WINDOW, ReconcilePorts, Report, reconcile
from tests.support import samples
from tests.support.events import planned
from tests.support.world import World

FIRST, SECOND = samples.CAMPAIGN_ID, f"{samples.CAMPAIGN_ID}-1"


@pytest.fixture
def world() -> World:
    return World()


def ports(world: World) -> RecoveryPorts:
    return RecoveryPorts(world.campaigns, world.posts, world.approvals, world.executions, world.active, world.clock)


def run(world: World, errors: list[Exception] | None = None) -> Report:
    def failed(_: ActiveCampaign, error: Exception) -> None:
        if errors is None:
            raise error
        errors.append(error)

    return reconcile(ReconcilePorts(ports(world), world.alerts, failed))


def lost(
    world: World,
    status: CampaignStatus = CampaignStatus.GENERATING,
    ended: ExecutionStatus | None = ExecutionStatus.ABORTED,
    error: str | None = None,
    *,
    redrivable: bool = False,
) -> str:
    """A campaign in ``status`` whose execution is over; ``None``: unknown to the engine. Answers its ARN."""
    event = world.queue(status=status)
    world.active.put(ActiveCampaign(tenant_id=event.tenant_id, campaign_id=event.campaign_id))
    arn = world.executions.start(event, FIRST)
    world.campaigns.update(samples.KEY, expected=[status], at=world.clock.now(), execution_arn=arn)
    if ended:
        world.executions.end(arn, ended, error, redrivable=redrivable)
    else:
        del world.executions.states[arn]
    return arn


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
        (None, None),
    ],
)
def test_a_campaign_without_its_execution_gets_a_new_one(
    world: World, status: CampaignStatus, ended: ExecutionStatus | None, error: str | None
) -> None:
    lost(world, status, ended, error)
    run(world)
    arn = world.executions.arn_of(SECOND)
    assert execution(world) == arn
    assert world.executions.inputs[arn].campaign_id == samples.CAMPAIGN_ID
    # A revision that was interrupted begins again, with the decision that asked for it.
    revising = status is CampaignStatus.NEEDS_REVISION
    assert world.campaigns.get(samples.KEY).status is (CampaignStatus.AWAITING_APPROVAL if revising else status)
    assert run(world).findings == {"fine": 1}


def test_what_runs_is_left_alone_and_not_even_read(world: World) -> None:
    event = world.queue(status=CampaignStatus.PLANNING)
    world.active.put(ActiveCampaign(tenant_id=event.tenant_id, campaign_id=event.campaign_id))
    world.executions.start(event, FIRST)
    assert run(world).findings == {"fine": 1}
    assert list(world.executions.states) == [world.executions.arn_of(FIRST)]


def test_a_submission_is_given_time_and_then_started_under_its_own_name(world: World) -> None:
    event = world.queue()
    world.active.put(ActiveCampaign(tenant_id=event.tenant_id, campaign_id=event.campaign_id))
    assert run(world).findings == {"fine": 1}
    world.clock.advance(timedelta(minutes=1))
    assert run(world).findings == {"not_started": 1}
    assert execution(world) == world.executions.arn_of(FIRST)


@pytest.mark.parametrize("ended", [ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT])
def test_what_the_engine_can_go_on_with_is_redriven(world: World, ended: ExecutionStatus) -> None:
    arn = lost(world, ended=ended, redrivable=True)
    run(world)
    assert world.executions.redriven == [arn]
    assert execution(world) == arn


def test_a_death_between_the_new_execution_and_its_record_starts_no_third(world: World) -> None:
    lost(world)
    started = world.executions.start(world.executions.inputs[world.executions.arn_of(FIRST)], SECOND)
    world.executions.end(started, ExecutionStatus.RUNNING)
    del world.executions.states[started]  # not listed yet
    run(world)
    assert execution(world) == started


def test_claims_of_the_dead_execution_do_not_hold_up_the_new_one(world: World) -> None:
    batches = planned(world)
    world.active.put(ActiveCampaign(tenant_id=samples.TENANT, campaign_id=samples.CAMPAIGN_ID))
    arn = world.executions.start(as_input(world), FIRST)
    world.campaigns.update(samples.KEY, expected=BUILDING, at=world.clock.now(), execution_arn=arn)
    claimed = world.posts.get_many(samples.KEY, batches[0].post_ids)
    now = world.clock.now()
    claim = Claim(owner="dead", attempt=0, nonce="n", claimed_at=now, expires_at=now + timedelta(minutes=5))
    assert world.posts.claim(samples.KEY, 0, claim)
    world.executions.end(arn, ExecutionStatus.ABORTED)
    run(world)
    assert world.posts.claims(samples.KEY) == {}
    # The worker that was still writing comes too late.
    late = [post.model_copy(update={"status": PostStatus.COMPLETED}) for post in claimed]
    assert world.posts.finish(samples.KEY, 0, late) == []


def test_claims_of_an_execution_that_is_redriven_are_reopened_as_well(world: World) -> None:
    planned(world)
    world.active.put(ActiveCampaign(tenant_id=samples.TENANT, campaign_id=samples.CAMPAIGN_ID))
    arn = world.executions.start(as_input(world), FIRST)
    world.campaigns.update(samples.KEY, expected=BUILDING, at=world.clock.now(), execution_arn=arn)
    now = world.clock.now()
    claim = Claim(owner="itself", attempt=0, nonce="n", claimed_at=now, expires_at=now + timedelta(minutes=5))
    assert world.posts.claim(samples.KEY, 0, claim)
    world.executions.end(arn, ExecutionStatus.ABORTED, redrivable=True)
    run(world)
    assert world.executions.redriven == [arn]
    assert world.posts.claims(samples.KEY) == {}


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
        world.executions.end(arn, ExecutionStatus.FAILED, "States.Runtime")
        assert world.campaigns.get(samples.KEY).status is CampaignStatus.GENERATING
    run(world)
    campaign = world.campaigns.get(samples.KEY)
    assert campaign.status is CampaignStatus.FAILED
    assert campaign.error is not None
    assert (campaign.error.code, campaign.error.retryable) == ("RECOVERY_EXHAUSTED", True)
    assert [cause.error for cause in campaign.error.causes] == ["States.Runtime"]
    (alert,) = world.alerts.sent
    assert alert.failure == campaign.error
    assert alert.failure.next_step
    assert alert.failure.execution_url
    run(world)
    assert world.active.entries == {}
    assert len(world.alerts.sent) == 1


def test_old_recoveries_do_not_count(world: World) -> None:
    lost(world)
    for _ in range(3 * MAX_RECOVERIES):
        run(world)
        world.executions.end(execution(world) or "", ExecutionStatus.FAILED, "States.Runtime")
        world.clock.advance(WINDOW / 4)
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.GENERATING


def test_a_restarted_engine_is_not_held_against_the_campaign(world: World) -> None:
    lost(world, ended=ExecutionStatus.FAILED, error=SERVICE_RESTART)
    for _ in range(3 * MAX_RECOVERIES):
        run(world)
        world.executions.end(execution(world) or "", ExecutionStatus.FAILED, SERVICE_RESTART)
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
    assert world.active.entries == {}
    assert execution(world) == arn


def test_one_that_cannot_be_mended_does_not_keep_the_others_from_it(world: World) -> None:
    lost(world)
    broken = samples.KEY._replace(campaign_id=CampaignId("01KJQ0000000000000000000B2"))
    world.active.put(ActiveCampaign(tenant_id=broken.tenant_id, campaign_id=broken.campaign_id))
    world.queue(campaign_id=broken.campaign_id, status=CampaignStatus.PLANNING)
    bad = world.executions.arn_of("broken")
    world.campaigns.update(broken, expected=BUILDING, at=world.clock.now(), execution_arn=bad)
    world.executions.start = _refusing(world.executions.start, broken.campaign_id)  # type: ignore[method-assign]  # one campaign's start is broken on purpose
    errors: list[Exception] = []
    report = run(world, errors)
    assert (report.errors, len(errors)) == (1, 1)
    assert execution(world) == world.executions.arn_of(SECOND)


def _refusing(start: Callable[[BuildInput, str], str], campaign_id: CampaignId) -> Callable[[BuildInput, str], str]:
    def refuse(event: BuildInput, name: str) -> str:
        if event.campaign_id == campaign_id:
            raise RuntimeError("no")
        return start(event, name)

    return refuse


def test_an_execution_that_ended_before_it_was_on_record_is_not_taken_for_the_new_one(world: World) -> None:
    event = world.queue()
    world.active.put(ActiveCampaign(tenant_id=event.tenant_id, campaign_id=event.campaign_id))
    world.executions.end(world.executions.start(event, FIRST), ExecutionStatus.FAILED, "InvalidInputError")
    world.clock.advance(timedelta(minutes=1))
    run(world)
    assert execution(world) == world.executions.arn_of(SECOND)
