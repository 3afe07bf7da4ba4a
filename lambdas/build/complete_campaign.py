"""CompleteCampaign: the campaign is approved."""

from lambdas.bootstrap import step
from lambdas.domain.errors import InvalidInputError, NotFoundError
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import Decision, StatusResult, StepEvent
from lambdas.ports.stores import ApprovalStore, CampaignStore, Clock
from lambdas.services.lifecycle import advance
from lambdas.settings import TableSettings


def complete_campaign(
    event: StepEvent, campaigns: CampaignStore, approvals: ApprovalStore, clock: Clock
) -> StatusResult:
    """``awaiting_approval → approved``, if that is what was decided; from here on the content is frozen."""
    decision = event.input.approval.decision if event.input.approval else None
    if decision != Decision.APPROVED:
        raise InvalidInputError(f"approval.decision: {decision!r} does not complete a campaign")
    campaign = advance(
        campaigns,
        event.key,
        CampaignStatus.APPROVED,
        came_from=[CampaignStatus.AWAITING_APPROVAL],
        at=clock.now(),
        approved_content_hash=_approved_hash(event, approvals),
    )
    return StatusResult(status=campaign.status)


def _approved_hash(event: StepEvent, approvals: ApprovalStore) -> str | None:
    """Of what the reviewers were shown; none for a decision that names no request of ours."""
    callback_id = event.input.approval.callback_id if event.input.approval else None
    if callback_id is None:
        return None
    try:
        return approvals.get(event.key, callback_id).content_hash
    except NotFoundError:
        return None  # and so nothing will ever be sent for this campaign


handler = step(
    "CompleteCampaign",
    StepEvent,
    TableSettings,
    lambda event, ports: complete_campaign(event, ports.campaigns, ports.approvals, ports.clock),
    approvals=True,
)
