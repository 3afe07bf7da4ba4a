"""Deciding: once, whoever asks and however often, and the workflow hears of it."""

from datetime import datetime, timedelta
from typing import NamedTuple

from lambdas.api.approvals.links import OpenLink
from lambdas.core.errors import ConflictError, GoneError
from lambdas.core.models.approval import Approval, ApprovalStatus, Decision, MadeDecision
from lambdas.core.models.base import iso
from lambdas.core.models.workflow import ApprovalOutcome
from lambdas.core.ports import ApprovalStore, CampaignStore, Clock, Engine
from lambdas.core.progression import BUILDING

RESUME_GRACE = timedelta(seconds=2)
"""How long a decision may be on its way from the table to the workflow before a repeat of it sends it again."""


class DecisionPorts(NamedTuple):
    approvals: ApprovalStore
    campaigns: CampaignStore
    engine: Engine
    clock: Clock


class Choice(NamedTuple):
    """What a reviewer answers."""

    decision: Decision
    comments: str
    content_hash: str | None
    """Of the content that was shown; ``None`` when the reviewer does not say."""


def decide(link: OpenLink, choice: Choice, ports: DecisionPorts) -> Approval:
    """Record the decision, then resume the workflow with it, and answer the decided request.

    ``PENDING → DECIDED`` is one conditional write, so exactly one of any number of decisions gets through. When the
    process dies between the write and the resuming, the same decision by the same reviewer resumes it.

    Raises ``ConflictError`` with ``details['reason']`` ``decided`` or ``changed``, and ``GoneError`` when the
    request is over or nobody waits for its decision.
    """
    link = link._replace(approval=ports.approvals.get(link.key, link.approval.callback_id))
    made = MadeDecision(
        decision=choice.decision,
        comments=choice.comments,
        decided_by=link.reviewer.email,
        decided_at=ports.clock.now(),
    )
    if link.approval.status is ApprovalStatus.DECIDED:
        return _repeated(link, made, ports)
    require_open(link, ports)
    if choice.content_hash not in (None, link.approval.content_hash):
        changed = "the posts have changed since they were shown; look at them again and then decide"
        raise ConflictError(changed, details={"reason": "changed"})
    try:
        decided = ports.approvals.decide(link.key, link.approval.callback_id, made)
    except ConflictError:
        current = ports.approvals.get(link.key, link.approval.callback_id)
        return _repeated(link._replace(approval=current), made, ports)
    return _resume(link._replace(approval=decided), made.decision, ports)


def is_stuck(approval: Approval, now: datetime) -> bool:
    """Whether a decision was recorded and the workflow never heard of it."""
    made = approval.decision
    return made is not None and approval.resumed_at is None and now - made.decided_at >= RESUME_GRACE


def require_open(link: OpenLink, ports: DecisionPorts) -> None:
    """Raises ``GoneError`` when nothing can be decided through ``link`` any more."""
    if link.approval.status is ApprovalStatus.CLOSED or ports.clock.now() >= link.approval.expires_at:
        raise GoneError("this request for approval is over")
    if ports.campaigns.get(link.key).status not in BUILDING:
        raise GoneError("the campaign no longer waits for an approval")


def _repeated(link: OpenLink, made: MadeDecision, ports: DecisionPorts) -> Approval:
    """What to say to a decision that came second: resume if it is the first one again and that got stuck."""
    first = link.approval.decision
    if first is None:
        raise GoneError("this request for approval is over")
    same = (first.decision, first.comments, first.decided_by) == (made.decision, made.comments, made.decided_by)
    if same and is_stuck(link.approval, ports.clock.now()):
        return _resume(link, first.decision, ports)
    message = f"this was decided at {iso(first.decided_at)}: {first.decision.value}"
    details = {"reason": "decided", "decision": first.decision.value, "decidedAt": iso(first.decided_at)}
    raise ConflictError(message, details=details)


def _resume(link: OpenLink, decision: Decision, ports: DecisionPorts) -> Approval:
    approval = link.approval
    outcome = ApprovalOutcome(callback_id=approval.callback_id, decision=decision)
    try:
        ports.engine.resume(approval.task_token, outcome.to_wire())
    except GoneError:
        if ports.approvals.get(link.key, approval.callback_id).resumed_at is None:
            raise GoneError("the campaign no longer waits for an approval") from None
    else:
        ports.approvals.mark_resumed(link.key, approval.callback_id, ports.clock.now())
    return ports.approvals.get(link.key, approval.callback_id)
