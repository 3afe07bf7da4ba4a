import pytest

from lambdas.build.complete_campaign import complete_campaign
from lambdas.domain.errors import ConflictError, InvalidInputError
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import Decision, StatusResult, StepEvent
from tests.contract.samples import approval
from tests.support import samples
from tests.support.events import raw_event, step_event
from tests.support.world import World


def complete(world: World, decision: Decision | str | None = Decision.APPROVED) -> StatusResult:
    event = step_event(world, "CompleteCampaign", approval=decision)
    return complete_campaign(event, world)


def test_an_approved_campaign_is_approved(world: World) -> None:
    world.queue(status=CampaignStatus.AWAITING_APPROVAL)
    assert complete(world).status is CampaignStatus.APPROVED
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.APPROVED


def test_what_was_approved_is_frozen(world: World) -> None:
    world.queue(status=CampaignStatus.AWAITING_APPROVAL)
    asked = approval(campaignId=samples.CAMPAIGN_ID, contentHash="of-what-was-shown")
    world.approvals.create(asked)
    decided = {"callbackId": asked.callback_id, "decision": "approved"}
    event = StepEvent.from_wire(raw_event(world, "CompleteCampaign", approval=decided))
    complete_campaign(event, world)
    assert world.campaigns.get(samples.KEY).approved_content_hash == "of-what-was-shown"


@pytest.mark.parametrize("status", [CampaignStatus.APPROVED, CampaignStatus.SCHEDULED, CampaignStatus.RUNNING])
def test_a_repeat_takes_nothing_back(world: World, status: CampaignStatus) -> None:
    world.queue(status=status)
    before = world.everything()
    assert complete(world).status is status
    assert world.everything() == before


@pytest.mark.parametrize(
    "status",
    [
        CampaignStatus.QUEUED,
        CampaignStatus.PLANNING,
        CampaignStatus.GENERATING,
        CampaignStatus.REJECTED,
        CampaignStatus.EXPIRED,
        CampaignStatus.FAILED,
        CampaignStatus.STOPPED,
    ],
)
def test_a_campaign_that_waits_for_nobody_cannot_be_approved(world: World, status: CampaignStatus) -> None:
    world.queue(status=status)
    before = world.everything()
    with pytest.raises(ConflictError):
        complete(world)
    assert world.everything() == before


@pytest.mark.parametrize("decision", [None, Decision.REJECTED, Decision.NEEDS_REVISION, "expired"])
def test_nothing_is_approved_without_an_approval(world: World, decision: Decision | str | None) -> None:
    world.queue(status=CampaignStatus.AWAITING_APPROVAL)
    before = world.everything()
    with pytest.raises(InvalidInputError):
        complete(world, decision)
    assert world.everything() == before
