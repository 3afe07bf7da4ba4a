import pytest

from lambdas.build.save_campaign import handler, save_campaign
from lambdas.domain.errors import ConflictError, InvalidInputError
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.checkpoint import StepOutcome
from lambdas.domain.models.workflow import StatusResult
from tests.support import samples
from tests.support.events import raw_event, step_event
from tests.support.faults import Fault, FaultPlan, faulty, replaced
from tests.support.steps import quietly
from tests.support.world import World


def save(world: World) -> StatusResult:
    return save_campaign(step_event(world, "SaveCampaign"), world.campaigns, world.catalog, world.clock)


def test_the_configuration_is_kept_as_it_is_now(world: World) -> None:
    world.queue()
    assert save(world).status is CampaignStatus.PLANNING
    world.catalog.put_brand(samples.TENANT, samples.BRAND, samples.brand_config().model_copy(update={"name": "New"}))
    configuration = world.campaigns.get_configured(samples.KEY).configuration
    assert configuration is not None
    assert (configuration.brand.name, configuration.brand.version) == ("Kettles", 1)
    assert [persona.persona_id for persona in configuration.personas] == list(samples.PERSONAS)


def test_a_repeat_changes_nothing_even_when_the_catalog_did(world: World) -> None:
    world.queue()
    save(world)
    before = world.everything()
    world.catalog.delete_brand(samples.TENANT, samples.BRAND)
    assert save(world).status is CampaignStatus.PLANNING
    assert world.everything() == before


@pytest.mark.parametrize(
    "status", [CampaignStatus.GENERATING, CampaignStatus.AWAITING_APPROVAL, CampaignStatus.APPROVED]
)
def test_a_late_delivery_takes_nothing_back(world: World, status: CampaignStatus) -> None:
    world.queue(status=status)
    before = world.everything()
    assert save(world).status is status
    assert world.everything() == before


@pytest.mark.parametrize("status", [CampaignStatus.FAILED, CampaignStatus.STOPPED, CampaignStatus.REJECTED])
def test_a_campaign_that_ended_is_not_begun_again(world: World, status: CampaignStatus) -> None:
    world.queue(status=status)
    before = world.everything()
    with pytest.raises(ConflictError) as refused:
        save(world)
    assert refused.value.details == {"status": status.value}
    assert world.everything() == before


def test_nothing_is_saved_without_its_brand(world: World) -> None:
    world.queue()
    world.catalog.delete_brand(samples.TENANT, samples.BRAND)
    with pytest.raises(InvalidInputError):
        save(world)
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.QUEUED


def test_its_move_is_its_checkpoint_as_well(world: World) -> None:
    """So there is neither a move without an end on record, nor a request for it that may fail."""
    world.queue()
    ports = replaced(world, checkpoints=faulty(world.checkpoints, FaultPlan({0: Fault.THROTTLED})))
    assert quietly(handler.over(ports), raw_event(world, "SaveCampaign")) == {"status": "planning"}
    (checkpoint,) = world.checkpoints.all(samples.KEY)
    assert (checkpoint.outcome, checkpoint.effect) == (StepOutcome.SUCCEEDED, CampaignStatus.PLANNING)
    assert (checkpoint.result, checkpoint.output_bytes) == ({"status": "planning"}, len('{"status":"planning"}'))
