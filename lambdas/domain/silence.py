"""What it means when nobody decides in time: the campaign's policy, carried out by whoever finds the time over."""

from datetime import datetime, timedelta

from lambdas.domain.models.approval import Approval, Decision, MadeDecision, Quorum, Reviewer
from lambdas.domain.models.campaign import ApprovalPolicy, OnTimeout

POLICY = "policy"
"""Who decided when nobody did."""


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
            changed = changed.with_reviewer(reviewer.email, invited_at=None, mail_tries=0, mail_after=None)
    if policy.on_timeout is not OnTimeout.ESCALATE:
        return changed
    added = tuple(Reviewer(email=email, nonce_hash="", stage=approval.stage) for email in policy.escalate_to)
    # From now on the first answer counts, whoever gives it.
    return changed.model_copy(update={"reviewers": (*changed.reviewers, *added), "quorum": Quorum.ONE})


def decision_for(policy: ApprovalPolicy, now: datetime) -> MadeDecision:
    """What silence comes to once no more time is given."""
    decision = Decision.APPROVED if policy.on_timeout is OnTimeout.APPROVE else Decision.REJECTED
    return MadeDecision(decision=decision, comments="", decided_by=POLICY, decided_at=now, expired=True)
