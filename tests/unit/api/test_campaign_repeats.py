"""A campaign that is sent again: the same key, the same id, or a start that failed half-way."""

from typing import Any

import pytest

from lambdas.api.build_campaign.invocation import invoke
from lambdas.domain.errors import DependencyUnavailableError, InvalidInputError
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import BuildInput

ULID = "01JZ0000000000000000000001"


def test_the_same_key_and_body_is_the_same_campaign(world, make_brief):
    headers = {"Idempotency-Key": "k-1"}
    first = world.call("POST", "/campaigns", make_brief(), headers=headers)
    shuffled = dict(reversed(make_brief().items()))
    again = world.call("POST", "/campaigns", shuffled, headers=headers)

    assert (again.status, again.json) == (202, first.json)
    assert (len(world.written()), len(world.engine.started)) == (1, 1)


def test_a_key_belongs_to_its_tenant(world, make_brief):
    headers = {"Idempotency-Key": "k-1"}
    world.call("PUT", "/brands/northwind", {"name": "G", "tone": ["dry"], "voice": "V"}, tenant="globex")
    persona = {"name": "M", "role": "R", "style": "S", "examples": ["E"]}
    world.call("PUT", "/personas/mara", persona, tenant="globex")
    mine = world.call("POST", "/campaigns", make_brief(), headers=headers)
    theirs = world.call("POST", "/campaigns", make_brief(), headers=headers, tenant="globex")

    assert theirs.status == 202
    assert mine.json["campaignId"] != theirs.json["campaignId"]


def test_the_same_key_with_another_body_is_refused(world, make_brief):
    headers = {"Idempotency-Key": "k-1"}
    world.call("POST", "/campaigns", make_brief(), headers=headers)
    reply = world.call("POST", "/campaigns", make_brief(name="Another"), headers=headers)

    assert (reply.status, reply.fields) == (422, ["Idempotency-Key"])
    assert len(world.written()) == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256])
def test_a_key_must_be_usable(world, make_brief, key):
    reply = world.call("POST", "/campaigns", make_brief(), headers={"Idempotency-Key": key})

    assert (reply.status, reply.fields, world.written()) == (422, ["Idempotency-Key"], [])


def test_the_same_id_twice_is_one_execution_whichever_way_it_comes(world, make_brief):
    payload = {"tenantId": "acme", "campaign": make_brief(campaignId=ULID), "correlationId": "c-1"}
    first = invoke(payload, world.services.intake, world.log)
    again = invoke(payload | {"correlationId": "c-2"}, world.services.intake, world.log)
    by_api = world.call("POST", "/campaigns", make_brief(campaignId=ULID))

    assert (
        again
        == first
        == {
            "campaignId": ULID,
            "status": "queued",
            "executionArn": world.written()[0].execution_arn,
            "correlationId": "c-1",
        }
    )
    assert by_api.json["campaignId"] == ULID
    assert len(world.engine.started) == 1


def test_a_direct_invocation_may_bring_its_own_key(world, make_brief):
    payload = {"tenantId": "acme", "campaign": make_brief(), "idempotencyKey": "k-1"}
    first = invoke(payload, world.services.intake, world.log, request_id="one")
    again = invoke(payload, world.services.intake, world.log, request_id="another")
    by_api = world.call("POST", "/campaigns", make_brief(), headers={"Idempotency-Key": "k-1"})

    assert first["campaignId"] == again["campaignId"] == by_api.json["campaignId"]
    assert len(world.engine.started) == 1


@pytest.mark.parametrize("key", ["", " ", "a b", "ü", "x" * 256, 7])
def test_the_key_of_a_direct_invocation_must_be_usable(world, make_brief, key):
    with pytest.raises(InvalidInputError) as refused:
        invoke({"tenantId": "acme", "campaign": make_brief(), "idempotencyKey": key}, world.services.intake, world.log)
    assert [error.field for error in refused.value.errors] == ["idempotencyKey"]
    assert world.written() == []


def test_the_id_of_another_brief_is_a_conflict(world, make_brief):
    world.call("POST", "/campaigns", make_brief(campaignId=ULID))
    reply = world.call("POST", "/campaigns", make_brief(campaignId=ULID, name="Another"))

    assert (reply.status, reply.fields) == (409, ["campaignId"])
    assert world.written()[0].brief.name == "Spring launch"


class DownOnce:
    """An engine whose first start fails."""

    def __init__(self, engine: Any) -> None:
        self._engine, self._down = engine, True

    def start_build(self, event: BuildInput) -> str:
        if self._down:
            self._down = False
            raise DependencyUnavailableError("Step Functions answered 503")
        return self._engine.start_build(event)


def test_a_start_that_failed_is_finished_by_the_repeat(world, make_brief):
    intake = world.services.intake._replace(engine=DownOnce(world.engine))
    payload = {"tenantId": "acme", "campaign": make_brief(campaignId=ULID), "correlationId": "c-1"}
    with pytest.raises(DependencyUnavailableError):
        invoke(payload, intake, world.log)
    assert world.written()[0].execution_arn is None

    again = invoke(payload | {"correlationId": "c-2"}, intake, world.log)

    assert again["executionArn"] == world.written()[0].execution_arn
    assert [event.correlation_id for event in world.engine.started.values()] == ["c-1"]


def test_a_submission_that_was_overtaken_does_not_put_its_execution_back_on_the_record(world, make_brief):
    """It was slow between the start and the record, and the campaign is in its second execution meanwhile."""
    start = world.engine.start_build

    def slow(event: BuildInput) -> str:
        arn = start(event)
        key = (event.tenant_id, event.campaign_id)
        world.campaigns.update(
            CampaignKey(*key), expected=tuple(CampaignStatus), execution_arn=f"{arn}-1", at=world.clock.now()
        )
        return arn

    world.engine.start_build = slow
    reply = world.call("POST", "/campaigns", make_brief(campaignId=ULID))
    assert reply.status == 202
    assert reply.json["executionArn"].endswith(f"{ULID}-1")
    assert world.call("GET", f"/campaigns/{ULID}").json["executionArn"].endswith(f"{ULID}-1")
