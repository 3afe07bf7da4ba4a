"""Looking after open requests for approval: whatever has become due, in any order, as often as one likes.

Everything is decided by the request's own record and the clock, and every change is conditional on the record's
version: two of these at once, or one that dies half-way, do nothing twice but mail, at worst.
"""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from lambdas.core.alerts import Alerts
from lambdas.core.content_hash import content_hash
from lambdas.core.errors import ConcurrentUpdateError, ConflictError, GoneError, NotFoundError
from lambdas.core.inviting import Channels, send_links, with_deliveries
from lambdas.core.letters import Kind
from lambdas.core.links import nonce_hash
from lambdas.core.mailing import amend_pending
from lambdas.core.models.approval import (
    Approval,
    ApprovalStatus,
    Decision,
    MadeDecision,
    Quorum,
    Reviewer,
)
from lambdas.core.models.campaign import ApprovalPolicy, Campaign, OnTimeout
from lambdas.core.paging import every
from lambdas.core.ports import ApprovalStore, CampaignStore, Cipher, Clock, Engine, IdSource, PostStore
from lambdas.core.progression import TERMINAL
from lambdas.core.resuming import send_decision, send_heartbeat
from lambdas.ops.tend_approvals.quiet import is_quiet
from lambdas.ops.tend_approvals.telling import tell_unreachable

HEARTBEAT_EVERY = timedelta(hours=6)
"""A quarter of the task's heartbeat limit, so that three in a row may fail."""
RESUME_GRACE = timedelta(seconds=10)
"""How long whoever recorded a decision has to tell the workflow itself."""
LINKS_KEPT = 5
"""Earlier links of a reviewer that still open the request."""
POLICY = "policy"
"""Who decided when nobody did."""


class TendPorts(NamedTuple):
    campaigns: CampaignStore
    posts: PostStore
    approvals: ApprovalStore
    engine: Engine
    channels: Channels
    alerts: Alerts
    ids: IdSource
    clock: Clock
    cipher: Cipher
    base_url: Callable[[], str]


class Report(NamedTuple):
    open: int
    done: Counter[str]
    errors: list[Exception]


def tend_all(ports: TendPorts) -> Report:
    """Tend every open request; one that fails keeps nobody else waiting."""
    done: Counter[str] = Counter()
    errors: list[Exception] = []
    waiting = ports.approvals.open()
    for approval in waiting:
        try:
            done.update(tend(approval, ports))
        except (ConcurrentUpdateError, ConflictError):
            done["overtaken"] += 1  # a reviewer was faster; the next minute sees what they did
        except Exception as error:  # noqa: BLE001 - reported, and the others are tended all the same
            errors.append(error)
    return Report(len(waiting), done, errors)


def tend(approval: Approval, ports: TendPorts) -> list[str]:
    """Do what is due for one request, and answer the names of the deeds."""
    now = ports.clock.now()
    if approval.decision is not None:
        return _resend(approval, now, ports)
    try:
        campaign = ports.campaigns.get(approval.key)
    except NotFoundError:
        campaign = None
    if campaign is None or campaign.status in TERMINAL:
        ports.approvals.close(approval.key, approval.callback_id)
        return ["closed"]
    if now >= approval.expires_at:
        return _expire(approval, campaign, now, ports)
    if not approval.content_hash:
        # Somebody who edited a post died over it, or is still at it and then has the last word.
        shown = content_hash(every(ports.posts, approval.key))
        ports.approvals.amend(approval.model_copy(update={"content_hash": shown}))
        return ["rehashed"]
    deeds = []
    approval, beaten = _heartbeat(approval, now, ports)
    if approval.status is not ApprovalStatus.PENDING:
        return ["closed"]
    deeds += beaten
    approval, invited = _invite(approval, campaign, ports)
    deeds += invited
    approval, told = tell_unreachable(approval, campaign, ports.channels, ports.alerts, now, ports.approvals)
    deeds += told
    return [*deeds, *_remind(approval, campaign, now, ports)]


def _resend(approval: Approval, now: datetime, ports: TendPorts) -> list[str]:
    """A decision that was recorded, and of which the workflow has not heard."""
    if approval.decision is None or now - approval.decision.decided_at < RESUME_GRACE:
        return []
    try:
        send_decision(approval, ports.engine, ports.cipher)
        deed = "resumed"
    except GoneError:
        deed = "gone"  # it heard of it after all, or it has ended: either way nobody waits
    ports.approvals.mark_resumed(approval.key, approval.callback_id, now)
    return [deed]


def _expire(approval: Approval, campaign: Campaign, now: datetime, ports: TendPorts) -> list[str]:
    """Silence means what the campaign's policy says; more time is given once."""
    policy = campaign.brief.approval
    if not approval.extended and policy.on_timeout in (OnTimeout.EXTEND, OnTimeout.ESCALATE):
        ports.approvals.amend(_with_more_time(approval, policy, now))
        return ["extended" if policy.on_timeout is OnTimeout.EXTEND else "escalated"]
    decision = Decision.APPROVED if policy.on_timeout is OnTimeout.APPROVE else Decision.REJECTED
    made = MadeDecision(decision=decision, comments="", decided_by=POLICY, decided_at=now, expired=True)
    decided = ports.approvals.amend(approval.model_copy(update={"status": ApprovalStatus.DECIDED, "decision": made}))
    deed = "expired"
    try:
        send_decision(decided, ports.engine, ports.cipher)
    except GoneError:
        deed = "gone"
    # Any other error leaves it unresumed: the next minute sends it again.
    ports.approvals.mark_resumed(approval.key, approval.callback_id, now)
    return [deed]


def _with_more_time(approval: Approval, policy: ApprovalPolicy, now: datetime) -> Approval:
    again = tuple(
        r.model_copy(update={"invited_at": None}) if r.stage == approval.stage and not approval.vote_of(r.email) else r
        for r in approval.reviewers
    )
    changes: dict[str, object] = {
        "extended": True,
        "expires_at": now + timedelta(hours=policy.timeout_hours),
        "reviewers": again,
    }
    if policy.on_timeout is OnTimeout.ESCALATE:
        added = tuple(Reviewer(email=email, nonce_hash="", stage=approval.stage) for email in policy.escalate_to)
        # From now on the first answer counts, whoever gives it.
        changes |= {"reviewers": (*again, *added), "quorum": Quorum.ONE}
    return approval.model_copy(update=changes)


def _heartbeat(approval: Approval, now: datetime, ports: TendPorts) -> tuple[Approval, list[str]]:
    if approval.heartbeat_at and now - approval.heartbeat_at < HEARTBEAT_EVERY:
        return approval, []
    try:
        send_heartbeat(approval, ports.engine, ports.cipher)
    except GoneError:
        ports.approvals.close(approval.key, approval.callback_id)
        return ports.approvals.get(approval.key, approval.callback_id), []
    return ports.approvals.amend(approval.model_copy(update={"heartbeat_at": now})), ["heartbeat"]


def _invite(approval: Approval, campaign: Campaign, ports: TendPorts) -> tuple[Approval, list[str]]:
    """Reviewers whose turn has come, who were put in somebody's place, or who are to get a new link."""
    waiting = [r.email for r in approval.staged() if r.invited_at is None and not approval.vote_of(r.email)]
    if not waiting:
        return approval, []
    return _mail_links(approval, campaign, waiting, Kind.APPROVAL, ports), ["invited"] * len(waiting)


def _remind(approval: Approval, campaign: Campaign, now: datetime, ports: TendPorts) -> list[str]:
    policy = campaign.brief.approval
    due = sum(now >= approval.created_at + timedelta(hours=hours) for hours in policy.remind_after_hours)
    if due <= approval.reminders or is_quiet(now, policy.quiet_hours, campaign.brief.schedule.time_zone):
        return []
    silent = [r.email for r in approval.staged() if not approval.vote_of(r.email) and not r.unreachable]
    # Noted first: of a reminder that is lost and one that comes every minute, the first is the smaller harm.
    noted = ports.approvals.amend(approval.model_copy(update={"reminders": due}))
    _mail_links(noted, campaign, silent, Kind.REMINDER, ports)
    return ["reminded"] * len(silent)


def _mail_links(approval: Approval, campaign: Campaign, emails: list[str], kind: Kind, ports: TendPorts) -> Approval:
    """A new link for each: stored before it is mailed, and noted as mailed afterwards."""
    now = ports.clock.now()
    nonces = {email: ports.ids.nonce() for email in emails}
    ports.approvals.amend(_with_links(approval, nonces))
    sent = send_links(kind, campaign, approval, nonces, ports.channels, ports.base_url(), now)

    def mailed(current: Approval) -> Approval:
        invited = tuple(r.model_copy(update={"invited_at": now}) if r.email in nonces else r for r in current.reviewers)
        return with_deliveries(current.model_copy(update={"reviewers": invited}), sent)

    return amend_pending(ports.approvals, approval.key, approval.callback_id, mailed)


def _with_links(approval: Approval, nonces: dict[str, str]) -> Approval:
    def renewed(reviewer: Reviewer) -> Reviewer:
        if reviewer.email not in nonces:
            return reviewer
        earlier = tuple(kept for kept in (reviewer.nonce_hash, *reviewer.earlier_hashes) if kept)[:LINKS_KEPT]
        # What became of earlier mails is beside the point now: whatever comes from here on is about this one.
        fresh = {"unreachable": None, "unreachable_told": False, "earlier_hashes": earlier}
        return reviewer.model_copy(update={**fresh, "nonce_hash": nonce_hash(nonces[reviewer.email])})

    return approval.model_copy(update={"reviewers": tuple(renewed(r) for r in approval.reviewers)})
