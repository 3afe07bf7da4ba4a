"""Lambda ``sweep-approvals``: every minute, for each shard of the due index, does what is due for open requests.

The order does not matter, and repeating is harmless: everything is decided by the request's own record and the clock,
and every change is conditional on the record's version. Two concurrent runs, or one that dies half-way, do nothing
twice.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from lambdas.adapters.telemetry import count, due_worked, logger
from lambdas.bootstrap import load, ports_for
from lambdas.domain.approval import (
    CLAIM_GRACE,
    HEARTBEAT_EVERY,
    RESUME_GRACE,
    decision_for,
    edit_ends,
    gives_more_time,
    next_due,
    next_reminder,
    reminders_due,
    shown_anew,
    with_more_time,
)
from lambdas.domain.content_hash import content_hash
from lambdas.domain.due_entry import DueEntry, Kind
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, GoneError, NotFoundError
from lambdas.domain.ids import CallbackId
from lambdas.domain.models.active import active
from lambdas.domain.models.approval import Approval, ApprovalStatus, ClosedBecause, MadeDecision, MailState
from lambdas.domain.models.base import iso
from lambdas.domain.models.campaign import Campaign, OnTimeout
from lambdas.domain.models.mail import Kind as Letter
from lambdas.ports.bundle import Ports
from lambdas.ports.paging import every
from lambdas.services.approval_letters import tell_unreachable
from lambdas.services.due import DueReport, Tick, Verdict, shards_of, work_due
from lambdas.services.inviting import bring_links
from lambdas.services.lifecycle import TERMINAL, count_posts
from lambdas.services.news import tell_decided
from lambdas.services.open_requests import is_awaited, send_decision, send_heartbeat
from lambdas.settings import AlertSettings, InviteSettings, TableSettings

ONE_REQUEST_SECONDS = 25.0
"""Time needed for one more request: twenty mails of a second each, or one that gets no answer for ten, and Slack's ten
seconds."""


class SweepApprovalsSettings(TableSettings, InviteSettings, AlertSettings):
    """It mails links, and reports those that do not arrive."""


class Report(NamedTuple):
    due: DueReport
    done: Counter[str]
    adopted: int
    """Number of requests of older versions that now have an entry in the due index."""


class Tended(NamedTuple):
    deeds: list[str]
    settled: bool = True
    """The request is over, or has another entry in the due index; otherwise the next run handles it."""


def tend_due(shards: Sequence[int], tick: Tick, ports: Ports) -> Report:
    """Handle the requests of these shards that are due; an error with one does not stop the others."""
    done: Counter[str] = Counter()

    def work(entry: DueEntry) -> Verdict:
        try:
            approval = ports.approvals.get(entry.key, CallbackId(entry.item))
        except NotFoundError:
            return Verdict.STALE
        if not entry.agrees(approval.due_at):
            return Verdict.STALE
        try:
            tended = tend(approval, ports)
        except (ConcurrentUpdateError, ConflictError):
            done["overtaken"] += 1  # a reviewer was faster; the next run sees what they did
            return Verdict.AGAIN
        done.update(tended.deeds)
        return Verdict.DONE if tended.settled else Verdict.AGAIN

    adopted = sum(ports.approvals.adopt(shard) for shard in shards)
    return Report(work_due(Kind.APPROVAL, shards, work, tick), done, adopted)


def tend(approval: Approval, ports: Ports) -> Tended:
    """Do what is due for one request, and store when it is due next."""
    now = ports.clock.now()
    campaign = _campaign(approval, ports)
    if approval.decision is not None:
        sent = _bring(approval, approval.decision, now, ports)
        states = tell_decided(approval, campaign, ports) if sent.settled and campaign else []
        deeds = [*sent.deeds, *(f"decision mail {state}" for state in states)]
        return Tended(deeds, sent.settled and MailState.NOT_ACCEPTED not in states)
    if approval.status is ApprovalStatus.CLOSED:
        return Tended([])
    if campaign is None or campaign.status in TERMINAL:
        ports.approvals.close(approval.key, approval.callback_id)
        return Tended(["closed"])
    approval, rehashed = _settle_edits(approval, campaign, now, ports)
    if now >= approval.expires_at and not approval.editing:
        tended = _expire(approval, campaign, now, ports)
        return Tended([*rehashed, *tended.deeds], tended.settled)
    approval, beaten = _heartbeat(approval, now, ports)
    if approval.status is not ApprovalStatus.PENDING:
        return Tended(["closed"])
    approval = _give_up_claims(approval, now, ports)
    approval = _owe_reminders(approval, campaign, now, ports)
    approval, mailed = bring_links(approval, campaign, ports)
    names = ["invited" if kind is Letter.APPROVAL else "reminded" for kind in mailed]
    approval, told = tell_unreachable(approval, campaign, now, ports)
    due = next_due(approval, campaign.brief, ports.clock.now())
    settled = due is None or approval.due_at is None or iso(due) != iso(approval.due_at)
    if due and settled:
        ports.approvals.amend(approval, due_at=due)
    return Tended([*rehashed, *beaten, *names, *told], settled)


def _campaign(approval: Approval, ports: Ports) -> Campaign | None:
    try:
        return ports.campaigns.get(approval.key)
    except NotFoundError:
        return None


def _bring(approval: Approval, made: MadeDecision, now: datetime, ports: Ports) -> Tended:
    """See that the workflow hears of the decision, which whoever recorded it had some time to tell it."""
    if approval.resumed_at:
        return Tended([])
    if now - made.decided_at < RESUME_GRACE:
        return Tended([], settled=False)
    return _send(approval, "resumed", now, ports)


def _send(approval: Approval, deed: str, now: datetime, ports: Ports) -> Tended:
    """Pass a stored decision to the workflow. After any error except ``GoneError`` the next run tries again.

    If no task waits for it, the workflow has received it after all, or has ended. If the campaign is still waiting for
    this decision, its execution is lost: the decision is kept for the next one, which the reconciler is called to
    start.
    """
    try:
        send_decision(approval, ports.engine, ports.cipher)
    except GoneError:
        deed = "gone"
        if is_awaited(approval, ports.campaigns):
            _call_reconciler(approval, now, ports)
            return Tended([deed], settled=False)
    ports.approvals.mark_resumed(approval.key, approval.callback_id, now)
    return Tended([deed])


def _call_reconciler(approval: Approval, now: datetime, ports: Ports) -> None:
    """The reconciler checks a waiting campaign only every few hours, but this one's execution is known to be gone."""
    ports.active.look_at(ports.active.get(approval.key) or active(approval.key), now, now)


def _settle_edits(approval: Approval, campaign: Campaign, now: datetime, ports: Ports) -> tuple[Approval, list[str]]:
    """If an editor's process died during an edit, set the request to the posts as they are, and the campaign's counts.
    A running edit updates both itself."""
    over = edit_ends(approval)
    if approval.content_hash or (over and over > now):
        return approval, []
    shown = content_hash(every(ports.posts, approval.key))
    count_posts(campaign.key, ports.posts.count(campaign.key), ports.campaigns, now)
    settled = shown_anew(approval.model_copy(update={"editing": ()}), shown, campaign.brief.approval)
    return ports.approvals.amend(settled), ["rehashed"]


def _expire(approval: Approval, campaign: Campaign, now: datetime, ports: Ports) -> Tended:
    """Apply the campaign's policy for requests without an answer; time is extended once."""
    policy = campaign.brief.approval
    if gives_more_time(approval, policy):
        extended = with_more_time(approval, policy, now)
        ports.approvals.amend(extended, due_at=next_due(extended, campaign.brief, now))
        return Tended(["extended" if policy.on_timeout is OnTimeout.EXTEND else "escalated"])
    made = decision_for(policy, now)
    decided = approval.model_copy(update={"status": ApprovalStatus.DECIDED, "decision": made})
    decided = ports.approvals.amend(decided, due_at=now + RESUME_GRACE)
    tended = _send(decided, "expired", now, ports)
    return Tended(tended.deeds)  # which has its own entry in the due index already


def _heartbeat(approval: Approval, now: datetime, ports: Ports) -> tuple[Approval, list[str]]:
    if approval.heartbeat_at and now - approval.heartbeat_at < HEARTBEAT_EVERY:
        return approval, []
    try:
        send_heartbeat(approval, ports.engine, ports.cipher)
    except GoneError:
        # Only this version of it: another task may be taking the request over at this moment.
        _call_reconciler(approval, now, ports)
        over = {"status": ApprovalStatus.CLOSED, "closed_because": ClosedBecause.ENDED}
        return ports.approvals.amend(approval.model_copy(update=over)), []
    return ports.approvals.amend(approval.model_copy(update={"heartbeat_at": now})), ["heartbeat"]


def _give_up_claims(approval: Approval, now: datetime, ports: Ports) -> Approval:
    """Mails whose sender died: whether they were sent is unknown; the person who runs the campaign is informed."""
    changed = approval
    for reviewer in approval.silent():
        if reviewer.mail is MailState.CLAIMED and reviewer.invited_at and now - reviewer.invited_at >= CLAIM_GRACE:
            changed = changed.with_reviewer(reviewer.email, mail=MailState.UNKNOWN)
    return approval if changed == approval else ports.approvals.amend(changed)


def _owe_reminders(approval: Approval, campaign: Campaign, now: datetime, ports: Ports) -> Approval:
    """Record the reminders that are due, and who is to get them."""
    reminder = next_reminder(approval, campaign.brief, now)
    if reminder is None or now < reminder:
        return approval
    changed = approval.model_copy(update={"reminders": reminders_due(approval, campaign.brief, now)})
    for reviewer in approval.silent():
        if not (reviewer.revoked or reviewer.unreachable):
            changed = changed.with_reviewer(reviewer.email, owed="reminder")
    return ports.approvals.amend(changed)


load(SweepApprovalsSettings, approvals=True)


def handler(event: Any, context: object) -> dict[str, Any]:
    """``{"shard": n}``: one shard; ``{"everything": true}``: all requests, due or not."""
    logger().clear_state()
    ports = ports_for(SweepApprovalsSettings, context)
    deadline = ports.deadline
    tick = Tick(
        entries=ports.due,
        clock=ports.clock,
        more=lambda: deadline is None or deadline.left() > ONE_REQUEST_SECONDS,
        failed=_failed,
        everything=isinstance(event, Mapping) and event.get("everything") is True,
    )
    report = tend_due(shards_of(event), tick, ports)
    for deed, times in report.done.items():
        count("ApprovalsTended", times, Deed=deed)
    due_worked(Kind.APPROVAL, report.due.due, report.due.done, report.due.failed, report.due.oldest_seconds)
    answer = {**report.due.to_wire(), "deeds": dict(report.done), "adopted": report.adopted}
    logger().info("requests for approval tended", report=answer)
    return answer


def _failed(entry: DueEntry, error: Exception) -> None:
    # Not the error's message: it may contain an address.
    logger().error(
        "request for approval not tended",
        error=type(error).__name__,
        tenant_id=entry.key.tenant_id,
        campaign_id=entry.key.campaign_id,
        callback_id=entry.item,
    )
