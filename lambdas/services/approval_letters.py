"""Texts of the mails about a request for approval: to reviewers, and to the person who runs the campaign if a reviewer
cannot be reached."""

from datetime import datetime

from pydantic import validate_email

from lambdas.domain.approval import lost
from lambdas.domain.errors import ThrottledError
from lambdas.domain.models.approval import Approval, MailState, Reviewer
from lambdas.domain.models.campaign import Campaign, Failure
from lambdas.domain.models.checkpoint import REQUEST_APPROVAL
from lambdas.domain.models.mail import Kind, Mail
from lambdas.domain.models.tenant import Sender, TenantSettings
from lambdas.domain.platforms import LABELS
from lambdas.ports.bundle import Ports
from lambdas.ports.stores import ApprovalStore
from lambdas.services.alerts import advised, alert_of
from lambdas.services.notify import Wording, have_time, letter, one_line, send_once

MAYBE = "it is not known whether the mail was sent"
TAKEN_BACK = "the link was taken back"


_SUBJECT = {Kind.APPROVAL: "Please review", Kind.REMINDER: "Reminder: please review"}
_OPENING = {Kind.APPROVAL: "is written and waits for your decision", Kind.REMINDER: "still waits for your decision"}
_LABEL = {Kind.APPROVAL: "Waiting for your decision", Kind.REMINDER: "Still waiting for your decision"}


def invitation(
    kind: Kind, to: str, campaign: Campaign, approval: Approval, link: str, sender: Sender | None = None
) -> Mail:
    """The mail with a reviewer's personal ``link``."""
    summary, brief = approval.summary, campaign.brief
    name = one_line(brief.name)
    failed = f" ({summary.failed_posts} more could not be written)" if summary.failed_posts else ""
    written = "1 post is" if summary.completed_posts == 1 else f"{summary.completed_posts} posts are"
    voices = f", in the voice of {', '.join(summary.personas)}" if summary.personas else ""
    again = f" This is round {approval.round}: what changed is marked." if approval.round > 1 else ""
    answer = approval.vote_of(to)
    if answer and not approval.counts(answer):
        again += (
            " Posts were changed after you had answered, so that answer does not count any more; what is new is marked."
        )
    wording = Wording(
        label=_LABEL[kind],
        title=name,
        paragraphs=(
            f'The campaign "{name}" {_OPENING[kind]}.{again}',
            f"{written} written{failed} for {', '.join(LABELS[platform] for platform in summary.platforms)}{voices}.",
        ),
        facts=(("Goal", brief.goal), ("Audience", brief.audience)),
        button=(link, "Read the posts and decide"),
        closing="The link is yours alone; please do not forward it. "
        f"It works until {until(campaign, approval)}. Opening it decides nothing.",
    )
    return letter(to, f"{_SUBJECT[kind]}: {name}", wording, _tags(kind, approval), sender)


def unreachable(to: str, campaign: Campaign, approval: Approval, gone: list[Reviewer], sender: Sender | None) -> Mail:
    """The mail to the person who runs the campaign: these reviewers did not get their link, or all links were taken
    back."""
    name = one_line(campaign.brief.name)
    place = f"/campaigns/{campaign.campaign_id}/approvals/{approval.callback_id}"
    who = "a reviewer" if len(gone) == 1 else f"{len(gone)} reviewers"
    title, why = f"Mail does not reach {who}", "mail does not reach everybody who was asked"
    if _nobody_left(gone):
        title, why = "Nobody can decide", "the links of everybody who is still to answer were taken back"
    wording = Wording(
        label="Needs you",
        title=title,
        paragraphs=(f'The campaign "{name}" waits for approval, and {why}.',),
        facts=tuple((reviewer.email, _why(reviewer)) for reviewer in gone),
        button=None,
        closing=f"Ask somebody else with POST {place}/reassign, or, once the address works, send a new link with "
        f"POST {place}/reminders. Without a decision the campaign ends by its rule for silence, "
        f"{until(campaign, approval)}.",
    )
    return letter(to, f"{title}: {name}", wording, _tags(Kind.UNREACHABLE, approval), sender)


def until(campaign: Campaign, approval: Approval) -> str:
    """When the request ends, in the campaign's time zone."""
    return campaign.brief.schedule.told(approval.expires_at)


def _tags(kind: Kind, approval: Approval) -> dict[str, str]:
    ids = {"tenantId": approval.tenant_id, "campaignId": approval.campaign_id, "callbackId": approval.callback_id}
    return {**ids, "kind": kind.value}


def tell_unreachable(approval: Approval, campaign: Campaign, now: datetime, ports: Ports) -> tuple[Approval, list[str]]:
    """Report links that did not arrive or may not have arrived, and the case that all were taken back: an alert to
    operators and a mail to the tenant's people, once each.

    The report is recorded before it is sent, and the record is removed if the alert is refused, so that nobody is
    notified twice. The alert refers to reviewers by number, because addresses must not appear in logs.
    """
    gone = lost(approval)
    if not gone or not have_time(ports):
        return approval, []
    settings = ports.catalog.get_settings(campaign.tenant_id)
    letters = [unreachable(to, campaign, approval, gone, settings.sender) for to in _told(settings, campaign)]
    approval = _noted(approval, gone, ports.approvals, told=True)
    code = "NO_REVIEWER_LEFT" if _nobody_left(gone) else "REVIEWER_UNREACHABLE"
    failure = Failure(code=code, message=_said(approval, gone), at=now, retryable=False, step=REQUEST_APPROVAL)
    try:
        ports.alerts.send(alert_of(campaign, advised(failure, campaign)))
    except ThrottledError:
        _noted(approval, gone, ports.approvals, told=False)
        raise
    deeds = ["unreachable told"] * len(gone)
    states = [send_once(ports.mailer, letter)[0] for letter in letters]
    return approval, [*deeds, *("manager not mailed" for state in states if state is not MailState.SENT)]


def _noted(approval: Approval, gone: list[Reviewer], approvals: ApprovalStore, *, told: bool) -> Approval:
    for reviewer in gone:
        approval = approval.with_reviewer(reviewer.email, unreachable_told=told)
    return approvals.amend(approval)


def _nobody_left(gone: list[Reviewer]) -> bool:
    return all(reviewer.revoked for reviewer in gone)


def _why(reviewer: Reviewer) -> str:
    """A mail that may have been sent has no reason from the mail service."""
    return TAKEN_BACK if reviewer.revoked else reviewer.unreachable or MAYBE


def _told(settings: TenantSettings, campaign: Campaign) -> tuple[str, ...]:
    if settings.notify:
        return settings.notify
    try:
        return (validate_email(campaign.created_by)[1],)
    except ValueError:
        return ()  # a token's subject need not be an address; the alert is sent anyway


def _said(approval: Approval, gone: list[Reviewer]) -> str:
    emails = [reviewer.email for reviewer in approval.reviewers]
    each = [f"reviewer {emails.index(r.email) + 1} of {len(emails)} ({_why(r)})" for r in gone]
    return f"{'nobody can decide:' if _nobody_left(gone) else 'mail does not reach'} {', '.join(each)}"
