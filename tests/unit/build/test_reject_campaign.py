import pytest

from lambdas.build.reject_campaign import reject_campaign
from lambdas.domain.errors import ConflictError, InvalidInputError
from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import Decision, StatusResult
from tests.contract.samples import approval
from tests.support import samples
from tests.support.events import step_event
from tests.support.world import World

ENDS = [
    (Decision.REJECTED, CampaignStatus.REJECTED),
    ("expired", CampaignStatus.EXPIRED),
]


def reject(world: World, decision: Decision | str | None) -> StatusResult:
    event = step_event(world, "RejectCampaign", approval=decision)
    return reject_campaign(event, world.campaigns, world.approvals, world.clock)


@pytest.fixture
def waiting(world: World) -> World:
    world.queue(status=CampaignStatus.AWAITING_APPROVAL)
    world.approvals.create(approval(campaignId=samples.CAMPAIGN_ID))
    return world


@pytest.mark.parametrize(("decision", "status"), ENDS)
def test_the_campaign_ends_as_was_decided_and_its_links_are_closed(
    waiting: World, decision: Decision | str, status: CampaignStatus
) -> None:
    assert reject(waiting, decision).status is status
    assert waiting.campaigns.get(samples.KEY).status is status
    assert [a.status for a in waiting.approvals.all(samples.KEY)] == [ApprovalStatus.CLOSED]


@pytest.mark.parametrize(("decision", "status"), ENDS)
def test_a_repeat_changes_nothing(waiting: World, decision: Decision | str, status: CampaignStatus) -> None:
    reject(waiting, decision)
    before = waiting.everything()
    assert reject(waiting, decision).status is status
    assert waiting.everything() == before


def test_a_second_decision_does_not_replace_the_first(waiting: World) -> None:
    reject(waiting, Decision.REJECTED)
    before = waiting.everything()
    with pytest.raises(ConflictError):
        reject(waiting, "expired")
    assert waiting.everything() == before


@pytest.mark.parametrize("status", [CampaignStatus.APPROVED, CampaignStatus.FAILED, CampaignStatus.GENERATING])
def test_a_campaign_that_waits_for_nobody_is_not_rejected(world: World, status: CampaignStatus) -> None:
    world.queue(status=status)
    before = world.everything()
    with pytest.raises(ConflictError):
        reject(world, Decision.REJECTED)
    assert world.everything() == before


@pytest.mark.parametrize("decision", [None, Decision.APPROVED, Decision.NEEDS_REVISION])
def test_it_takes_a_no(waiting: World, decision: Decision | None) -> None:
    before = waiting.everything()
    with pytest.raises(InvalidInputError):
        reject(waiting, decision)
    assert waiting.everything() == before
