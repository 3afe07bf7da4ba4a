"""CompleteCampaign: the campaign is approved."""

from lambdas.core.errors import InvalidInputError
from lambdas.core.models.approval import Decision
from lambdas.core.models.campaign import CampaignStatus
from lambdas.core.models.workflow import StatusResult, StepEvent
from lambdas.core.ports import CampaignStore, Clock
from lambdas.core.progression import advance


def complete_campaign(event: StepEvent, campaigns: CampaignStore, clock: Clock) -> StatusResult:
    """``awaiting_approval → approved``, if that is what was decided."""
    decision = event.input.approval.decision if event.input.approval else None
    if decision != Decision.APPROVED:
        raise InvalidInputError(f"approval.decision: {decision!r} does not complete a campaign")
    campaign = advance(
        campaigns,
        event.key,
        CampaignStatus.APPROVED,
        came_from=[CampaignStatus.AWAITING_APPROVAL],
        at=clock.now(),
    )
    return StatusResult(status=campaign.status)
