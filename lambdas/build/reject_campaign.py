"""RejectCampaign: ends the campaign without an approval. This is a result, not a failure."""

from lambdas.bootstrap import step
from lambdas.domain.errors import ConflictError, InvalidInputError
from lambdas.domain.models.approval import Approval
from lambdas.domain.models.campaign import CampaignStatus, Failure
from lambdas.domain.models.workflow import Decision, StatusResult, StepEvent
from lambdas.ports.stores import ApprovalStore, CampaignStore, Clock
from lambdas.settings import TableSettings

STATUS_AFTER = {
    Decision.REJECTED: CampaignStatus.REJECTED,
    "expired": CampaignStatus.EXPIRED,
}


def reject_campaign(event: StepEvent, campaigns: CampaignStore, approvals: ApprovalStore, clock: Clock) -> StatusResult:
    """``awaiting_approval → rejected | expired``, with the reason if there is one; open links are closed."""
    decision = event.input.approval.decision if event.input.approval else None
    if decision not in STATUS_AFTER:
        raise InvalidInputError(f"approval.decision: {decision!r} does not end a campaign here")
    to = STATUS_AFTER[decision]
    result = StatusResult(status=to)
    reason: Failure | None = None
    for approval in approvals.all(event.key):
        approvals.close(event.key, approval.callback_id)
        reason = _reason(event, approval, clock) or reason
    try:
        campaigns.change(
            event.key,
            expected=[CampaignStatus.AWAITING_APPROVAL],
            status=to,
            error=reason,
            at=clock.now(),
            result=result,
        )
    except ConflictError as error:
        if error.details["status"] != to:
            raise
    return result


def _reason(event: StepEvent, approval: Approval, clock: Clock) -> Failure | None:
    """Why it was rejected, if that is more than a reviewer's decision."""
    decided = event.input.approval.callback_id if event.input.approval else None
    if approval.callback_id != decided or approval.decision is None or approval.decision.reason is None:
        return None
    return Failure(
        code="REJECTED",
        message=approval.decision.reason,
        at=clock.now(),
        retryable=False,
        step=event.attempt.state_name,
    )


handler = step(
    "RejectCampaign",
    StepEvent,
    TableSettings,
    lambda event, ports: reject_campaign(event, ports.campaigns, ports.approvals, ports.clock),
    approvals=True,
)
