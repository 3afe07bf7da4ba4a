"""RejectCampaign: the campaign ends without an approval, as data and not as a failure."""

from lambdas.core.errors import ConflictError, InvalidInputError
from lambdas.core.models.approval import Decision
from lambdas.core.models.campaign import CampaignStatus
from lambdas.core.models.workflow import StatusResult, StepEvent
from lambdas.core.ports import ApprovalStore, CampaignStore, Clock

STATUS_AFTER = {
    Decision.REJECTED: CampaignStatus.REJECTED,
    Decision.NEEDS_REVISION: CampaignStatus.NEEDS_REVISION,
    "expired": CampaignStatus.EXPIRED,
}


def reject_campaign(event: StepEvent, campaigns: CampaignStore, approvals: ApprovalStore, clock: Clock) -> StatusResult:
    """``awaiting_approval → rejected | needs_revision | expired``; links still open are closed."""
    decision = event.input.approval.decision if event.input.approval else None
    if decision not in STATUS_AFTER:
        raise InvalidInputError(f"approval.decision: {decision!r} does not end a campaign here")
    to = STATUS_AFTER[decision]
    for approval in approvals.all(event.key):
        approvals.close(event.key, approval.callback_id)
    try:
        campaigns.update(event.key, expected=[CampaignStatus.AWAITING_APPROVAL], status=to, at=clock.now())
    except ConflictError:
        if campaigns.get(event.key).status != to:
            raise
    return StatusResult(status=to)
