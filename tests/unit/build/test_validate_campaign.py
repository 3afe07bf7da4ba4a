import pytest

from lambdas.build.validate_campaign.logic import validate_campaign
from lambdas.domain.errors import InvalidInputError, NotFoundError
from lambdas.domain.ids import PersonaId, TenantId
from lambdas.domain.models.campaign import CampaignStatus
from tests.support import samples
from tests.support.events import step_event
from tests.support.world import World


def test_a_campaign_that_can_run_passes_and_stays_as_it_is(world: World) -> None:
    world.queue()
    before = world.everything()
    for _ in range(2):
        result = validate_campaign(step_event(world, "ValidateCampaign"), world.campaigns, world.catalog, world.clock)
        assert result.status is CampaignStatus.QUEUED
    assert world.everything() == before


def test_a_brand_deleted_since_is_named(world: World) -> None:
    world.queue()
    world.catalog.delete_brand(samples.TENANT, samples.BRAND)
    with pytest.raises(InvalidInputError) as refused:
        validate_campaign(step_event(world, "ValidateCampaign"), world.campaigns, world.catalog, world.clock)
    assert [error.field for error in refused.value.errors] == ["brandId"]


def test_a_persona_that_another_tenant_has_is_not_found(world: World) -> None:
    world.queue(samples.brief(personaIds=["ann", "carl"]))
    world.catalog.put_persona(TenantId("globex"), PersonaId("carl"), samples.persona_config("Carl"))
    with pytest.raises(InvalidInputError) as refused:
        validate_campaign(step_event(world, "ValidateCampaign"), world.campaigns, world.catalog, world.clock)
    assert [error.field for error in refused.value.errors] == ["personaIds[1]"]


def test_a_campaign_saved_before_has_its_own_brand_and_needs_no_catalog(world: World) -> None:
    world.queue(status=CampaignStatus.PLANNING)
    world.catalog.delete_brand(samples.TENANT, samples.BRAND)
    result = validate_campaign(step_event(world, "ValidateCampaign"), world.campaigns, world.catalog, world.clock)
    assert result.status is CampaignStatus.PLANNING


def test_an_execution_without_a_campaign_is_refused(world: World) -> None:
    with pytest.raises(NotFoundError):
        validate_campaign(step_event(world, "ValidateCampaign"), world.campaigns, world.catalog, world.clock)
