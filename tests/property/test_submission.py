"""Starting campaigns, whoever starts them and however often."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.api.build_campaign import invoke
from lambdas.domain.errors import CampaignError, ConflictError, FieldError, IdempotencyMismatchError
from lambdas.domain.ids import CorrelationId, PersonaId, TenantId
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.services.submission import Submission, submit
from tests.support.samples import BRAND, PERSONAS, brand_config, brief, persona_config
from tests.support.world import World

TENANTS = ("acme", "globex")
IDS = ("01KJQ0000000000000000000C1", "01KJQ0000000000000000000C2")


def _world() -> World:
    world = World()
    for tenant in TENANTS:
        world.catalog.put_brand(TenantId(tenant), BRAND, brand_config())
        for persona in PERSONAS:
            world.catalog.put_persona(TenantId(tenant), PersonaId(persona), persona_config())
    return world


requests = st.fixed_dictionaries(
    {
        "tenant": st.sampled_from(TENANTS),
        "name": st.sampled_from(["Spring", "Summer"]),
        "id": st.sampled_from([None, *IDS]),
        "key": st.sampled_from([None, "k1", "k2"]),
    }
)


def _body(request: dict[str, Any]) -> dict[str, Any]:
    return brief(name=request["name"], **({"campaignId": request["id"]} if request["id"] else {}))


@settings(max_examples=100)
@given(st.lists(requests, max_size=12))
def test_a_campaign_is_started_once_and_answered_at_once(sent):
    """**Feature: campaign-orchestration-durable, Property 1: For any campaign creation request, the system should
    invoke the durable function asynchronously, return immediately with status, and update final campaign status
    to reflect workflow completion state** (how it ends: the workflow tests)
    """
    world = _world()
    meaning: dict[tuple[str, str | None], tuple[str, str]] = {}  # a key stands for the campaign it made
    known: set[tuple[str, str]] = set()
    for request in sent:
        tenant, body = TenantId(request["tenant"]), _body(request)
        submission = Submission(tenant, body, "robin", CorrelationId("c"), request["key"])
        try:
            accepted = submit(submission, world)
        except (ConflictError, IdempotencyMismatchError):
            continue
        assert accepted.campaign.status is CampaignStatus.QUEUED
        assert accepted.campaign.execution_arn == accepted.execution_arn
        assert accepted.campaign.brief.name == request["name"]
        assert accepted.campaign.tenant_id == tenant
        place, campaign_id = (tenant, request["key"]), accepted.campaign.campaign_id
        if place in meaning:
            assert meaning[place] == (json.dumps(body), campaign_id)
        elif request["key"] and (tenant, campaign_id) not in known:
            meaning[place] = (json.dumps(body), campaign_id)
        known.add((tenant, campaign_id))

    stored = [c for tenant in TENANTS for c in world.campaigns.page(TenantId(tenant), 100).items]
    engine = world.engine
    assert {c.campaign_id for c in stored} == {e.campaign_id for e in engine.started.values()}
    assert all(c.execution_arn in engine.started for c in stored)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
one_thing_wrong = st.tuples(st.sampled_from(sorted(brief())), anything).filter(
    lambda change: change[1] != brief()[change[0]]
)


@settings(max_examples=100)
@given(tenant=anything, campaign=anything)
def test_a_payload_of_any_shape_is_refused_by_name_or_not_at_all(tenant, campaign):
    """**Feature: campaign-orchestration-durable, Property 3: For any direct Lambda invocation, the system should
    validate IAM permissions, validate tenant context and campaign data from event payload, and handle
    asynchronous execution properly**
    """
    world = _world()
    with pytest.raises(CampaignError) as refusal:  # nothing of this kind is a brief
        invoke({"tenantId": tenant, "campaign": campaign}, world)
    assert refusal.value.status in (403, 422)
    assert refusal.value.errors
    assert world.campaigns.page(TenantId("acme"), 1).items == []


@settings(max_examples=100)
@given(one_thing_wrong)
def test_a_brief_with_one_field_replaced_is_refused_with_that_field_or_accepted_as_it_is(change):
    """**Feature: campaign-orchestration-durable, Property 3: For any direct Lambda invocation, the system should
    validate IAM permissions, validate tenant context and campaign data from event payload, and handle
    asynchronous execution properly**
    """
    field, value = change
    world = _world()
    refused: tuple[FieldError, ...] = ()
    try:
        invoke({"tenantId": "acme", "campaign": {**brief(), field: value}}, world)
    except CampaignError as error:
        refused = error.errors
    # Platforms and languages must be served by the personas, so those may be where a change shows.
    assert {e.field.split(".")[0].split("[")[0] for e in refused} <= {field, "platforms", "language"}
    assert len(world.campaigns.page(TenantId("acme"), 2).items) == (0 if refused else 1)
