"""CompleteCampaign: the campaign is approved."""

from lambdas.core.models.campaign import CampaignStatus
from lambdas.core.models.workflow import StatusResult, StepEvent
from lambdas.core.ports import CampaignStore, Clock
from lambdas.core.progression import advance


def complete_campaign(event: StepEvent, campaigns: CampaignStore, clock: Clock) -> StatusResult:
    """``awaiting_approval → approved``."""
    campaign = advance(
        campaigns,
        event.key,
        CampaignStatus.APPROVED,
        came_from=[CampaignStatus.AWAITING_APPROVAL],
        at=clock.now(),
    )
    return StatusResult(status=campaign.status)
