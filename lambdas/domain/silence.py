"""What it means when nobody decides in time: the campaign's policy, carried out by whoever finds the time over."""

from datetime import datetime, timedelta
from typing import Any

from lambdas.domain.models.approval import Approval, Decision, MadeDecision, MailState, Quorum, Reviewer
from lambdas.domain.models.campaign import ApprovalPolicy, OnTimeout

POLICY = "policy"
"""Who decided when nobody did."""
LINK_LIFETIME = timedelta(days=7) - timedelta(hours=1)
"""A link dies before the task that waits for it, so that a late click meets a page and not a dead task."""
NEVER_MAILED: dict[str, Any] = {
    "invited_at": None,
    "owed": None,
    "mail_tries": 0,
    "mail_after": None,
    "unreachable": None,
    "unreachable_told": False,
}
"""What makes a reviewer one who is to be invited; links mailed before still open the request."""


def time_to_answer(policy: ApprovalPolicy) -> timedelta:
    """From the moment the reviewers are asked."""
    return min(timedelta(hours=policy.timeout_hours), LINK_LIFETIME)


def gives_more_time(approval: Approval, policy: ApprovalPolicy) -> bool:
    """More time is given once."""
    return not approval.extended and policy.on_timeout in (OnTimeout.EXTEND, OnTimeout.ESCALATE)


def with_more_time(approval: Approval, policy: ApprovalPolicy, now: datetime) -> Approval:
    """Everybody who has not answered is to be mailed a link that works as long. Links taken back stay so."""
    changed = approval.model_copy(
        update={"extended": True, "expires_at": now + timedelta(hours=policy.timeout_hours)},
    )
    for reviewer in approval.silent():
        if not reviewer.revoked:
            changed = changed.with_reviewer(reviewer.email, **NEVER_MAILED)
    if policy.on_timeout is not OnTimeout.ESCALATE:
        return changed
    known = {reviewer.email.lower() for reviewer in approval.reviewers}  # perhaps a manager has asked them already
    added = tuple(
        Reviewer(email=email, nonce_hash="", stage=approval.stage, escalated=True)
        for email in policy.escalate_to
        if email.lower() not in known
    )
    # From now on the first answer counts, whoever gives it.
    return changed.model_copy(update={"reviewers": (*changed.reviewers, *added), "quorum": Quorum.ONE})


def asked_again(approval: Approval, policy: ApprovalPolicy, now: datetime) -> Approval:
    """A request that had ended, opened again because a person retries the campaign: as if it was asked now.

    Answers stay. Everybody else is mailed a link that works as long as the new time; links taken back stay so. Whom the
    policy for silence had asked beside them is not asked before there is silence again.
    """
    escalated = [reviewer for reviewer in approval.silent() if reviewer.escalated]
    taken_back = [kept for r in escalated for kept in (r.nonce_hash, *r.earlier_hashes) if kept]
    changed = approval.model_copy(
        update={
            "asked_again_at": now,
            "expires_at": now + time_to_answer(policy),
            "extended": False,
            "reminders": 0,
            "reviewers": tuple(reviewer for reviewer in approval.reviewers if reviewer not in escalated),
            "revoked_hashes": (*approval.revoked_hashes, *taken_back),
        }
    )
    if escalated:
        quorum = policy.quorum if approval.stage == 1 else approval.next_quorum
        changed = changed.model_copy(update={"quorum": quorum})
    for reviewer in changed.silent():
        if not reviewer.revoked:
            changed = changed.with_reviewer(reviewer.email, **NEVER_MAILED)
    return changed


def with_refused_mailed_again(approval: Approval) -> Approval:
    """Whom the mail service refused is mailed anew: what it refused for may be mended by now."""
    for reviewer in approval.silent():
        if reviewer.mail is MailState.REFUSED and not reviewer.revoked:
            approval = approval.with_reviewer(reviewer.email, **NEVER_MAILED)
    return approval


def decision_for(policy: ApprovalPolicy, now: datetime) -> MadeDecision:
    """What silence comes to once no more time is given."""
    decision = Decision.APPROVED if policy.on_timeout is OnTimeout.APPROVE else Decision.REJECTED
    return MadeDecision(decision=decision, comments="", decided_by=POLICY, decided_at=now, expired=True)
