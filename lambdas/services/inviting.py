"""Sending reviewers their links: by mail, and in Slack if the tenant uses it. Each message at most once.

Neither SES's ``SendEmail`` nor Slack's ``chat.postMessage`` accepts an idempotency key. So a message is recorded as
claimed on the reviewer's record before it is sent, and its outcome afterwards. If the sender dies in between, the claim
remains: the message may have been sent and is not sent again automatically. Only a refusal that says "try later" is
retried.

An error of a channel is recorded as an outcome and never raised, so the other reviewers are still asked.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from lambdas.domain.errors import ConflictError
from lambdas.domain.models.access import KeySet
from lambdas.domain.models.approval import Approval, ApprovalStatus, MailState, Reviewer
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.mail import Kind
from lambdas.domain.models.tenant import SlackUse, TenantSettings
from lambdas.ports.bundle import Ports
from lambdas.services.approval_letters import invitation, until
from lambdas.services.approval_links import approval_link, nonce_hash
from lambdas.services.notify import have_time, one_line, refusal_of, send_once
from lambdas.services.open_requests import amend_pending

NO_TIME = "failed: no time was left"
SENT = "sent"
NOT_CONFIGURED = "not configured"
CLAIMED = "claimed"
LINKS_KEPT = 5
"""Number of a reviewer's earlier links that still open the request."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=10)
"""Pause before a mail that SES did not accept is tried again; it doubles each time. SES recommends up to ten minutes
(docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html)."""
_CHATTED = {Kind.APPROVAL: "waits for your decision", Kind.REMINDER: "still waits for your decision"}


class _Sent(NamedTuple):
    """A mail that was sent or tried: to whom, with which link, and what the record said before."""

    before: Reviewer
    kind: Kind
    link: str
    claim: str
    """Hash of the link's nonce; it identifies the mail on the record."""
    at: datetime


class _Outcome(NamedTuple):
    """The outcome of a mail that was claimed with a link, as changes of its reviewer."""

    claim: str
    changes: dict[str, Any]


class _Asking(NamedTuple):
    """What all mails of one run have in common; read before the first of them is claimed."""

    campaign: Campaign
    settings: TenantSettings
    keys: KeySet
    base_url: str
    ports: Ports


def bring_links(approval: Approval, campaign: Campaign, ports: Ports) -> tuple[Approval, list[Kind]]:
    """Send every reviewer of the stage the mail that is due, then the Slack messages; returns to whom what was sent.

    All mails are sent before any Slack message, so that Slack cannot prevent a mail. What there is no time for is left
    to the sweep. Raises ``RetryableError`` if the table, the keys or the settings cannot be read (before the next mail
    is claimed), and ``ConflictError`` once the request is over.
    """
    if not any(due_mails(approval, ports.clock.now())):
        return approval, []
    asking = _Asking(
        campaign,
        ports.catalog.get_settings(campaign.tenant_id),
        ports.keys.approval(),
        ports.base_url,
        ports,
    )
    sent: list[_Sent] = []
    for reviewer in due_mails(approval, ports.clock.now()):
        if not have_time(ports):
            break
        approval, one = _mail(approval, reviewer.email, asking)
        if one:
            sent.append(one)
    if asking.settings.slack and sent:
        approval = _chat(approval, sent, asking.settings.slack, asking)
    return approval, [one.kind for one in sent]


def due_mails(approval: Approval, now: datetime) -> tuple[Reviewer, ...]:
    """The reviewers of the stage who are to be mailed now; none once the time is over."""
    if now >= approval.expires_at:
        return ()
    return tuple(r for r in approval.silent() if r.to_mail() and (r.mail_after is None or r.mail_after <= now))


def _mail(approval: Approval, email: str, asking: _Asking) -> tuple[Approval, _Sent | None]:
    """Claim, send, and record the outcome; ``None`` if there was nothing left to send, or it will be tried again."""
    ports = asking.ports
    now, nonce = ports.clock.now(), ports.ids.nonce()
    before: Reviewer | None = None

    def claimed(current: Approval) -> Approval:
        nonlocal before
        if any(r.nonce_hash == nonce_hash(nonce) for r in current.reviewers):
            return current  # our own claim: it was written, but the answer got lost
        before = next((r for r in due_mails(current, now) if r.email == email), None)
        return current.with_reviewer(email, **_claim(before, nonce, now)) if before else current

    approval = amend_pending(ports.approvals, approval.key, approval.callback_id, claimed, known=approval)
    if before is None:
        return approval, None
    kind = Kind(before.to_mail() or Kind.APPROVAL)
    link = approval_link(
        asking.base_url,
        asking.keys,
        approval.key,
        approval.callback_id,
        nonce,
        now=now,
        expires=approval.expires_at,
    )
    one = _Sent(before, kind, link, nonce_hash(nonce), now)
    mail = invitation(kind, email, asking.campaign, approval, link, asking.settings.sender)
    state, reason = send_once(ports.mailer, mail)
    outcome = _outcome(one, state, reason, chatting=asking.settings.slack is not None)
    approval = _note(approval, {email: outcome}, ports)
    return approval, None if state is MailState.NOT_ACCEPTED else one


def _claim(reviewer: Reviewer, nonce: str, now: datetime) -> dict[str, Any]:
    earlier = tuple(kept for kept in (reviewer.nonce_hash, *reviewer.earlier_hashes) if kept)[:LINKS_KEPT]
    return {
        "nonce_hash": nonce_hash(nonce),
        "earlier_hashes": earlier,
        "invited_at": now,
        "mail": MailState.CLAIMED,
        "owed": None,
        "mail_after": None,
        # From here on the record describes this mail, so the outcome of earlier mails no longer matters.
        "unreachable": None,
        "unreachable_told": False,
    }


def _outcome(one: _Sent, state: MailState, reason: str | None, *, chatting: bool) -> _Outcome:
    if state is MailState.NOT_ACCEPTED:
        tries = one.before.mail_tries
        kept = one.before.model_dump(include={"nonce_hash", "earlier_hashes", "invited_at", "owed", "unreachable"})
        pause = min(FIRST_PAUSE * 2 ** min(tries, 10), LONGEST_PAUSE)
        return _Outcome(one.claim, {**kept, "mail": state, "mail_tries": tries + 1, "mail_after": one.at + pause})
    # The claim of the Slack message: it is sent from here on, and never again.
    changes: dict[str, Any] = {"mail": state, "mail_tries": 0, "slack": CLAIMED if chatting else NOT_CONFIGURED}
    return _Outcome(one.claim, changes | ({"unreachable": reason} if reason else {}))


def _note(approval: Approval, outcomes: Mapping[str, _Outcome], ports: Ports, **more: Any) -> Approval:
    """Record outcomes, and ``more``, unless the reviewer got another link or lost theirs meanwhile."""

    def noted(current: Approval) -> Approval:
        for reviewer in current.reviewers:
            outcome = outcomes.get(reviewer.email)
            if outcome is None or reviewer.invited_at is None:
                continue
            changes = outcome.changes
            if reviewer.nonce_hash != outcome.claim:
                if not reviewer.revoked or outcome.claim not in current.revoked_hashes:
                    continue
                changes = {name: value for name, value in changes.items() if name in ("mail", "slack")}
            current = current.with_reviewer(reviewer.email, **changes)
        return current.model_copy(update=more)

    try:
        return amend_pending(ports.approvals, approval.key, approval.callback_id, noted, known=approval)
    except ConflictError:
        # Somebody has decided already, so nobody has to be reached any more.
        return ports.approvals.get(approval.key, approval.callback_id)


def _chat(approval: Approval, sent: Sequence[_Sent], use: SlackUse, asking: _Asking) -> Approval:
    """Send the same links in Slack, which were claimed together with the outcome of the mail; then a message to the
    channel.

    The channel gets one message for each stage, without names and without reminders.
    """
    said = {one.before.email: _tell(one, approval, asking) for one in sent}
    announcing = (
        use.channel is not None
        and have_time(asking.ports)
        and approval.announced_stage < approval.stage
        and any(one.kind is Kind.APPROVAL for one in sent)
    )
    claims = {one.before.email: one.claim for one in sent}
    told = {email: _Outcome(claims[email], {"slack": text}) for email, text in said.items()}
    more = {"announced_stage": approval.stage} if announcing else {}
    approval = _note(approval, told, asking.ports, **more)
    if not announcing or use.channel is None or approval.status is not ApprovalStatus.PENDING:
        return approval
    text = f'The campaign "{one_line(asking.campaign.brief.name)}" is written; its reviewers are asked now.'
    chat, tenant_id, channel = asking.ports.chat, asking.campaign.tenant_id, use.channel
    failed = refusal_of(lambda: chat.announce(tenant_id, channel, text))
    if failed is None:
        return approval
    note = f"; the channel was not told: {failed}"
    told = {email: _Outcome(claims[email], {"slack": text + note}) for email, text in said.items()}
    return _note(approval, told, asking.ports)


def _tell(one: _Sent, approval: Approval, asking: _Asking) -> str:
    if not have_time(asking.ports):
        return NO_TIME
    name = one_line(asking.campaign.brief.name)
    text = (
        f'The campaign "{name}" {_CHATTED[one.kind]}, until {until(asking.campaign, approval)}. '
        "The link is yours alone; please do not pass it on."
    )
    chat, tenant_id = asking.ports.chat, asking.campaign.tenant_id
    failed = refusal_of(lambda: chat.tell(tenant_id, one.before.email, text, (one.link, "Read the posts and decide")))
    return SENT if failed is None else f"failed: {failed}"
