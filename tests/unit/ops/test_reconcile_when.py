"""When the reconciler looks at a campaign, and what it reads and calls for that."""

from datetime import timedelta

import pytest

from lambdas.adapters.table import keys
from lambdas.domain.due_entry import SHARDS, Kind
from lambdas.domain.errors import UnreadableRecordError
from lambdas.domain.ids import CampaignId
from lambdas.domain.models.active import SOON, ActiveCampaign
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import ExecutionStatus
from lambdas.ops.reconcile import ended_campaign, look_again, take_over
from lambdas.ports.table import Update
from tests.contract.samples import approval
from tests.fakes import stored
from tests.support import samples
from tests.support.recovery import lost
from tests.support.recovery import run_reconciler as run
from tests.support.world import World, entries_of

FIRST, SECOND = samples.CAMPAIGN_ID, f"{samples.CAMPAIGN_ID}-1"


def execution(world: World) -> str | None:
    return world.campaigns.get(samples.KEY).execution_arn


def test_a_record_that_cannot_be_read_keeps_no_other_campaign_waiting(world: World) -> None:
    lost(world)
    broken = samples.KEY._replace(campaign_id=CampaignId("01KJQ0000000000000000000B2"))
    world.queue(campaign_id=broken.campaign_id)
    world.table.update_if(Update(keys.campaign(broken), {"status": "a status of a newer version"}))
    errors: list[Exception] = []
    world.clock.advance(SOON)
    assert run(world, errors, everything=False).errors == 1
    assert [type(error) for error in errors] == [UnreadableRecordError]
    assert execution(world) == world.engine.arn_of(SECOND)


def test_a_tick_reads_only_campaigns_that_are_due(world: World) -> None:
    for number in range(200):
        world.queue(campaign_id=CampaignId(f"01KJQ{number:021d}"))
    assert run(world, everything=False).looked_at == 0
    assert world.table.read == 0


def test_an_execution_that_ends_badly_is_seen_to_at_once(world: World) -> None:
    arn = lost(world)
    # Without the input, which the engine may leave out.
    event = {"source": "aws.states", "detail": {"executionArn": arn, "name": FIRST, "status": "ABORTED"}}
    key = ended_campaign(event, world.campaigns)
    assert key == samples.KEY
    assert look_again(key, world) == "interrupted"
    assert execution(world) == world.engine.arn_of(SECOND)
    for other in ({}, {"shard": 1}, {"source": "aws.events"}):
        assert ended_campaign(other, world.campaigns) is None


@pytest.mark.parametrize("name", ["by-hand", "01KJQ0000000000000000000ZZ"])
def test_the_end_of_an_execution_that_is_of_no_campaign_is_nobodys_business(world: World, name: str) -> None:
    event = {"source": "aws.states", "detail": {"name": name, "status": "FAILED"}}
    assert ended_campaign(event, world.campaigns) is None


def test_a_suspect_of_which_the_engine_knows_no_end_yet_is_looked_at_again_soon(world: World) -> None:
    lost(world, ended=ExecutionStatus.RUNNING)
    look_again(samples.KEY, world)
    record = world.active.get(samples.KEY)
    due_at = record and record.due_at
    assert due_at
    (entry,) = (e for e in entries_of(world.due, Kind.CAMPAIGN) if e.agrees(due_at))
    assert entry.at - stored(world.clock.now()) == SOON


def test_campaigns_of_the_list_of_before_are_taken_over(world: World) -> None:
    lost(world)
    for entry in entries_of(world.due, Kind.CAMPAIGN):
        world.due.remove(entry)  # it was made before there was an index
    ids = {"tenantId": samples.TENANT, "campaignId": samples.CAMPAIGN_ID}
    world.table.put(keys.listed_active(samples.KEY), ids)
    assert sum(take_over(shard, world) for shard in range(SHARDS)) == 1
    assert sum(take_over(shard, world) for shard in range(SHARDS)) == 0
    assert run(world, everything=False).findings == {"interrupted": 1}


def test_an_entry_of_before_the_last_look_is_dropped(world: World) -> None:
    """A retry has the campaign looked at soon, and what was due before does not make a second row of looks."""
    event = world.queue(status=CampaignStatus.GENERATING)
    world.engine.start(event, FIRST)
    now = world.clock.now()
    world.active.look_at(ActiveCampaign(tenant_id=samples.TENANT, campaign_id=samples.CAMPAIGN_ID), now + SOON * 2, now)
    for _ in range(60):
        world.clock.advance(timedelta(minutes=1))
        run(world, everything=False)
    assert len(entries_of(world.due, Kind.CAMPAIGN)) == 1


def test_a_heartbeat_of_a_superseded_execution_says_nothing_of_the_one_that_was_never_started(world: World) -> None:
    """The reconciler named the next one and died; reviewers are still asked by the one before."""
    arn = lost(world, CampaignStatus.AWAITING_APPROVAL, None)
    now = world.clock.now()
    world.approvals.create(approval(campaignId=samples.CAMPAIGN_ID, createdAt=now, heartbeatAt=now, executionId=arn))
    named = f"{arn}-1"
    world.campaigns.update(samples.KEY, expected=tuple(CampaignStatus), execution_arn=named, at=now)
    world.clock.advance(SOON)
    assert run(world, everything=False).findings == {"not_started": 1}
    assert world.engine.states[named].is_live


def test_while_reviewers_are_asked_and_heartbeats_answered_the_engine_is_asked_nothing(world: World) -> None:
    arn = lost(world, CampaignStatus.AWAITING_APPROVAL, None)
    now = world.clock.now()
    world.approvals.create(approval(campaignId=samples.CAMPAIGN_ID, createdAt=now, executionId=arn))
    world.clock.advance(SOON)
    world.engine.describe = unasked  # type: ignore[method-assign]  # it must not be asked
    assert run(world, everything=False).findings == {"fine": 1}


def unasked(arn: str) -> None:
    raise AssertionError(f"the engine was asked about {arn}")


def test_an_alert_that_a_death_kept_back_is_sent_by_the_next_look(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(world, ended=ExecutionStatus.FAILED, error="InvalidPlanError")

    def die(_alert: object) -> None:
        raise RuntimeError("the process is gone")

    errors: list[Exception] = []
    with monkeypatch.context() as dying:
        dying.setattr(world.alerts, "send", die)
        run(world, errors)
    assert [type(error) for error in errors] == [RuntimeError]
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.FAILED
    for _ in range(5):
        world.clock.advance(timedelta(minutes=5))
        run(world, everything=False)
    assert [alert.failure.code for alert in world.alerts.sent] == ["INVALID_PLAN"]
