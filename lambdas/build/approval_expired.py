"""ApprovalExpired: the task's time limit has passed; acts on the request's own deadline and policy.

Normally the sweep of open requests does so long before. So if this step runs, the sweep is late or dead, and an alert
is sent. Executions of version 0.2 and before have a state of the same name that only returns ``expired``.
"""

from lambdas.bootstrap import step
from lambdas.domain.approval import decision_for, gives_more_time
from lambdas.domain.models.approval import Approval, ApprovalStatus, ClosedBecause
from lambdas.domain.models.campaign import Campaign, Failure
from lambdas.domain.models.workflow import ApprovalState, StepEvent
from lambdas.ports.bundle import Ports
from lambdas.services.alerts import advised, alert_of
from lambdas.services.open_requests import outcome
from lambdas.settings import AlertSettings, TableSettings


def approval_expired(event: StepEvent, ports: Ports) -> ApprovalState:
    """The decision, if there is one; ``ask_again`` while reviewers have time; otherwise what the policy says.

    Raises ``ConcurrentUpdateError`` if somebody decides at this moment.
    """
    campaign = ports.campaigns.get(event.key)
    asked = [a for a in ports.approvals.all(event.key) if _is_current(a, campaign)]
    if not asked:
        return ApprovalState(decision="expired")
    approval = asked[-1]
    if approval.decision is None:
        approval = _judged(approval, campaign, ports)
        _alert(approval, campaign, ports)
    if approval.decision is None:
        return ApprovalState(decision="ask_again")
    if approval.resumed_at is None:
        ports.approvals.mark_resumed(event.key, approval.callback_id, ports.clock.now())
    said = outcome(approval, approval.decision)
    return ApprovalState(callback_id=said.callback_id, decision=said.decision)


def _is_current(approval: Approval, campaign: Campaign) -> bool:
    about_this = approval.round == campaign.revision + 1
    return about_this and approval.closed_because in (None, ClosedBecause.ENDED)


def _judged(approval: Approval, campaign: Campaign, ports: Ports) -> Approval:
    """The request with the policy's decision, if its time is over and is not extended, and no edit is under way."""
    now, policy = ports.clock.now(), campaign.brief.approval
    waits = now < approval.expires_at or not approval.content_hash or gives_more_time(approval, policy)
    if waits:
        return approval
    decided = {"status": ApprovalStatus.DECIDED, "decision": decision_for(policy, now), "closed_because": None}
    return ports.approvals.amend(approval.model_copy(update=decided), was=approval.status)


def _alert(approval: Approval, campaign: Campaign, ports: Ports) -> None:
    what = "it is decided by the campaign's rule for silence" if approval.decision else "it is asked again"
    failure = Failure(
        code="APPROVALS_NOT_TENDED",
        message=f"the workflow waited for the request {approval.callback_id} until its time limit; {what}",
        at=ports.clock.now(),
        retryable=True,
        step="ApprovalExpired",
    )
    ports.alerts.send(alert_of(campaign, advised(failure, campaign)))


class ApprovalExpiredSettings(TableSettings, AlertSettings):
    """It sends an alert if nobody handled the request in time."""


handler = step("ApprovalExpired", StepEvent, ApprovalExpiredSettings, approval_expired, approvals=True)
