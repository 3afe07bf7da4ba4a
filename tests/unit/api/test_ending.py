"""Cancelling, deleting and copying a campaign, and what a repeat, a race or a death in between makes of it."""

from datetime import timedelta
from typing import Any

import pytest

from lambdas.adapters.table import keys
from lambdas.build.complete_campaign import complete_campaign
from lambdas.domain.due_entry import SHARDS, Kind
from lambdas.domain.errors import ConflictError, DependencyUnavailableError
from lambdas.domain.ids import CampaignId, CampaignKey, CorrelationId
from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.effect import Effect, EffectStatus
from lambdas.domain.models.workflow import BuildInput, StepEvent
from lambdas.ops.sweep_approvals import tend_due
from lambdas.services import ending
from tests.support.api import ACME, World, brief
from tests.support.events import raw_event
from tests.support.recovery import run_reconciler
from tests.support.waiting import CAMPAIGN_ID, Waiting, waiting_campaign
from tests.support.world import entries_of

PATH = f"/campaigns/{CAMPAIGN_ID}"
MINUTE = timedelta(minutes=1)


def at_work(world: World, status: CampaignStatus = CampaignStatus.AWAITING_APPROVAL) -> Waiting:
    """A campaign in ``status`` with an execution that runs, and something that it made outside of the table."""
    found = waiting_campaign(world)
    arn = world.engine.start(raw_input(found.key), CAMPAIGN_ID)
    world.campaigns.update(
        found.key, expected=tuple(CampaignStatus), status=status, at=world.clock.now(), execution_arn=arn
    )
    place = world.manifests.write(found.key, [])
    world.effects.put(
        found.key,
        Effect(
            kind="manifest",
            name="batches",
            target=place.to_wire(),
            step="PlanPosts",
            execution_arn=arn,
            recorded_at=world.clock.now(),
        ),
    )
    return found


def raw_input(key: CampaignKey) -> Any:
    return BuildInput(tenant_id=key.tenant_id, campaign_id=key.campaign_id, correlation_id=CorrelationId("test"))


def status_of(world: World, key: CampaignKey) -> CampaignStatus:
    return world.campaigns.get(key).status


def pass_time(world: World, minutes: int) -> list[Exception]:
    """The ticks of so many minutes; answers what went wrong in them."""
    errors: list[Exception] = []
    for _ in range(minutes):
        world.clock.advance(MINUTE)
        run_reconciler(world, errors, everything=False)
        tend_due(range(SHARDS), world.tick(errors, everything=False), world)
    return errors


@pytest.mark.parametrize("status", ending.CANCELLABLE)
def test_a_campaign_is_cancelled_whatever_build_is_at(world: World, status: CampaignStatus) -> None:
    found = at_work(world, status)
    reply = world.call("POST", f"{PATH}/cancel")
    assert (reply.status, reply.json["status"]) == (202, "stopped"), reply.text
    assert world.engine.stopped == [world.engine.arn_of(CAMPAIGN_ID)]
    assert found.stored().status is ApprovalStatus.CLOSED
    assert world.call("GET", PATH).json["stoppedBy"] == "robin"
    before = world.everything(found.key)
    again = world.call("POST", f"{PATH}/cancel")
    assert (again.status, again.json) == (202, reply.json)
    assert world.everything(found.key) == before


@pytest.mark.parametrize("status", sorted(set(CampaignStatus) - {*ending.CANCELLABLE, CampaignStatus.STOPPED}))
def test_what_has_ended_or_goes_out_is_not_cancelled(world: World, status: CampaignStatus) -> None:
    found = at_work(world, status)
    reply = world.call("POST", f"{PATH}/cancel")
    assert reply.status == 409
    assert reply.json["detail"].startswith(f"the campaign is {status.value}; ")
    assert (status_of(world, found.key), world.engine.stopped) == (status, [])


def test_only_a_manager_of_the_tenant_ends_a_campaign(world: World) -> None:
    found = at_work(world)
    for method, path in (("POST", f"{PATH}/cancel"), ("DELETE", PATH), ("POST", f"{PATH}/duplicate")):
        assert world.call(method, path, role="viewer").status == 403
        assert world.call(method, path, tenant="globex").status == 404
    assert status_of(world, found.key) is CampaignStatus.AWAITING_APPROVAL


def test_links_of_a_cancelled_campaign_say_so_and_decide_nothing(world: World) -> None:
    found = at_work(world)
    world.call("POST", f"{PATH}/cancel")
    for reply in (found.open(), found.send({"decision": "approved"})):
        assert reply.status == 410
        assert "The campaign was cancelled" in reply.text
    assert world.engine.resumed == []


def test_a_decision_that_comes_first_and_is_not_told_yet_completes_nothing(world: World) -> None:
    """The reviewer has approved, the execution has heard of it, and the cancellation was quicker than its next step."""
    found = at_work(world)
    assert found.send({"decision": "approved"}).status == 200
    world.call("POST", f"{PATH}/cancel")
    decided = {"approval": {"callbackId": found.approval.callback_id, "decision": "approved"}}
    event = StepEvent.from_internal(raw_step(world, found.key, "CompleteCampaign", **decided))
    with pytest.raises(ConflictError, match="the campaign is stopped"):
        complete_campaign(event, world)
    assert status_of(world, found.key) is CampaignStatus.STOPPED


def raw_step(world: World, key: CampaignKey, name: str, **more: Any) -> dict[str, Any]:
    raw = raw_event(world, name)
    raw["input"] |= {"tenantId": key.tenant_id, "campaignId": key.campaign_id, **more}
    return raw


def test_the_reconciler_starts_nothing_and_finishes_what_a_death_left(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = at_work(world, CampaignStatus.GENERATING)

    def die(*_: object) -> None:
        raise RuntimeError("the process is gone")

    with monkeypatch.context() as dying:
        dying.setattr(world.engine, "stop", die)
        assert world.call("POST", f"{PATH}/cancel").status == 500
    assert world.engine.stopped == []
    assert pass_time(world, 20) == []
    assert world.engine.stopped == [world.engine.arn_of(CAMPAIGN_ID)]
    assert [effect.status for effect in world.effects.all(found.key)] == [EffectStatus.UNDONE]
    assert world.manifests.objects == {}
    assert len(world.engine.started) == 1
    assert status_of(world, found.key) is CampaignStatus.STOPPED
    assert entries_of(world.due, Kind.CAMPAIGN) == []


def test_what_a_running_step_makes_late_is_undone_as_well(world: World) -> None:
    found = at_work(world, CampaignStatus.GENERATING)
    world.call("POST", f"{PATH}/cancel")
    pass_time(world, 2)
    (effect,) = world.effects.all(found.key)
    world.effects.put(found.key, effect.model_copy(update={"status": EffectStatus.MADE}))
    world.manifests.write(found.key, [])
    pass_time(world, 20)
    assert world.manifests.objects == {}


def test_a_campaign_is_deleted_only_when_it_has_ended(world: World) -> None:
    found = at_work(world)
    refused = world.call("DELETE", PATH)
    assert refused.status == 409
    assert refused.json["detail"].endswith(f"cancel it first: POST /campaigns/{CAMPAIGN_ID}/cancel")
    world.call("POST", f"{PATH}/cancel")
    reply = world.call("DELETE", PATH)
    assert (reply.status, reply.json["status"]) == (202, "deleting")
    assert world.call("DELETE", PATH).json == reply.json
    assert world.call("POST", f"{PATH}/retry").status == 409
    assert pass_time(world, 20) == []
    assert world.call("GET", PATH).status == 404
    assert world.call("GET", "/campaigns").json["items"] == []
    assert left_of(world, found.key) == {keys.owner(CAMPAIGN_ID)}
    assert world.manifests.objects == {}
    assert world.call("DELETE", PATH).status == 404


def left_of(world: World, key: CampaignKey) -> set[Any]:
    """Keys of every item in the table that names the campaign."""
    return {place for place in world.table._items if key.campaign_id in "#".join(place)}


def test_a_large_campaign_is_deleted_in_portions_that_survive_deaths(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "PORTION", 7)
    found = waiting_campaign(world, posts=40)
    world.campaigns.update(
        found.key, expected=tuple(CampaignStatus), status=CampaignStatus.REJECTED, at=world.clock.now()
    )
    world.clock.advance(timedelta(hours=1))
    world.call("DELETE", PATH)
    forget = world.campaigns.forget
    deaths = iter([True, True, False])

    def may_die(key: CampaignKey) -> None:
        forget(key)
        if next(deaths):
            raise DependencyUnavailableError("the table does not answer")

    monkeypatch.setattr(world.campaigns, "forget", may_die)
    errors: list[Exception] = []
    before = len(left_of(world, found.key))
    world.clock.advance(MINUTE)
    run_reconciler(world, errors, everything=False)
    assert 0 < len(left_of(world, found.key)) < before
    errors += pass_time(world, 30)
    assert errors
    assert left_of(world, found.key) == {keys.owner(CAMPAIGN_ID)}


def test_what_cannot_be_removed_keeps_the_record_of_where_it_is(world: World) -> None:
    found = at_work(world, CampaignStatus.STOPPED)
    (effect,) = world.effects.all(found.key)
    world.effects.put(found.key, effect.model_copy(update={"kind": "of a later version"}))
    world.call("DELETE", PATH)
    assert pass_time(world, 3)
    kept = {effect.kind: effect.status for effect in world.effects.all(found.key)}
    assert kept == {"manifest": EffectStatus.UNDONE, "of a later version": EffectStatus.NOT_UNDONE}
    assert status_of(world, found.key) is CampaignStatus.DELETING


def test_a_deleted_campaigns_key_and_id_make_no_other(world: World) -> None:
    mine = CampaignId("01JZ00000000000000000000AB")
    sent = {"headers": {"Idempotency-Key": "spring"}}
    assert world.call("POST", "/campaigns", brief(campaignId=mine), **sent).status == 202
    world.call("POST", f"/campaigns/{mine}/cancel")
    assert world.call("DELETE", f"/campaigns/{mine}").status == 202
    assert world.call("POST", "/campaigns", brief(campaignId=mine), **sent).status == 410
    pass_time(world, 30)
    assert world.promises.made(ACME) == {}
    assert world.call("POST", "/campaigns", brief(campaignId=mine), **sent).status == 410
    assert world.call("POST", "/campaigns", brief(campaignId=mine)).status == 409


def test_a_cancelled_campaign_without_an_execution_gets_none(world: World) -> None:
    """The submission died before it started one; its repeat comes after the cancellation."""
    found = waiting_campaign(world)
    world.campaigns.update(
        found.key, expected=tuple(CampaignStatus), status=CampaignStatus.QUEUED, at=world.clock.now()
    )
    assert world.call("POST", f"{PATH}/cancel").status == 202
    reply = world.call("POST", "/campaigns", brief(campaignId=CAMPAIGN_ID))
    assert (reply.status, reply.json["status"]) == (202, "stopped")
    assert world.engine.started == {}


def test_a_copy_has_the_same_brief_but_for_the_changes(world: World) -> None:
    at_work(world)
    autumn = {"start": "2026-09-01T09:00:00", "end": "2026-09-15T18:00:00"}
    changes = {"name": "Autumn launch", "schedule": autumn, "language": None, "platforms": ["x"]}
    sent = {"headers": {"Idempotency-Key": "autumn"}}
    reply = world.call("POST", f"{PATH}/duplicate", {"changes": changes}, **sent)
    assert reply.status == 202, reply.text
    copy = world.call("GET", f"/campaigns/{reply.json['campaignId']}").json["brief"]
    source = world.call("GET", PATH).json["brief"]
    assert copy == source | {"name": "Autumn launch", "platforms": ["x"], "schedule": source["schedule"] | autumn}
    assert world.call("POST", f"{PATH}/duplicate", {"changes": changes}, **sent).json == reply.json
    assert world.call("POST", f"{PATH}/duplicate", {}, **sent).status == 422
    assert len(world.engine.started) == 2


def test_a_copy_without_changes_is_a_campaign_of_its_own(world: World) -> None:
    at_work(world)
    reply = world.call("POST", f"{PATH}/duplicate")
    assert reply.status == 202, reply.text
    assert reply.json["campaignId"] != CAMPAIGN_ID


def test_what_cannot_be_copied_names_what_to_change(world: World) -> None:
    at_work(world)
    world.clock.advance(timedelta(days=365))
    past = world.call("POST", f"{PATH}/duplicate")
    assert (past.status, past.fields) == (422, ["changes.schedule.end"])
    wrong = world.call("POST", f"{PATH}/duplicate", {"changes": {"nmae": "x", "platforms": {"x": 1}}})
    assert (wrong.status, set(wrong.fields)) == (422, {"changes.nmae", "changes.platforms"})
    assert world.call("POST", f"{PATH}/duplicate", {"changes": {"tenantId": "globex"}}).status == 403
