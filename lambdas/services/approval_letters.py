"""Texts of the mails about a request for approval: to reviewers, and to the person who runs the campaign if a reviewer
cannot be reached."""

from datetime import datetime
from zoneinfo import ZoneInfo

from lambdas.domain.approval import lost
from lambdas.domain.errors import ThrottledError
from lambdas.domain.models.approval import Approval, MailState, Reviewer
from lambdas.domain.models.campaign import Campaign, Failure
from lambdas.domain.models.checkpoint import REQUEST_APPROVAL
from lambdas.domain.models.mail import Kind, Mail
from lambdas.domain.models.tenant import Sender
from lambdas.domain.platforms import LABELS
from lambdas.ports.bundle import Ports
from lambdas.ports.stores import ApprovalStore
from lambdas.services.alerts import advised, alert_of
from lambdas.services.notify import Wording, have_time, letter, one_line, people_of, send_once
from lambdas.services.sentences import words_of

MAYBE = "it is not known whether the mail was sent"
TAKEN_BACK = "the link was taken back"


def invitation(
    kind: Kind, to: str, campaign: Campaign, approval: Approval, link: str, sender: Sender | None = None
) -> Mail:
    """To a reviewer, in the campaign's language and in its brand's name; ``link`` is theirs alone."""
    summary, brief, words = approval.summary, campaign.brief, words_of(campaign.brief.language)
    name = one_line(brief.name)
    opening = [words(f"mail.opening.{kind}", name=name)]
    if approval.round > 1:
        opening.append(words("mail.round", n=approval.round))
    answer = approval.vote_of(to)
    if answer and not approval.counts(answer):
        opening.append(words("mail.outdated"))
    written = words.count(
        "mail.written",
        summary.completed_posts,
        failed=words("mail.failed", n=summary.failed_posts) if summary.failed_posts else "",
        platforms=", ".join(LABELS[platform] for platform in summary.platforms),
        voices=words("mail.voices", names=", ".join(summary.personas)) if summary.personas else "",
    )
    wording = Wording(
        label=words(f"mail.label.{kind}"),
        title=name,
        paragraphs=(" ".join(opening), written),
        facts=((words("goal"), brief.goal), (words("audience"), brief.audience)),
        button=(link, words("mail.button")),
        closing=words("mail.closing", when=words.moment(approval.expires_at, ZoneInfo(brief.schedule.time_zone))),
        language=words.language,
        here=words("mail.button_here", words=words("mail.button")),
    )
    mail = letter(to, words(f"mail.subject.{kind}", name=name), wording, _tags(kind, approval), sender)
    brand = campaign.configuration.brand.name if campaign.configuration else None
    return mail.model_copy(update={"in_name_of": brand})


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
    letters = [unreachable(to, campaign, approval, gone, settings.sender) for to in people_of(settings, campaign)]
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


def _said(approval: Approval, gone: list[Reviewer]) -> str:
    emails = [reviewer.email for reviewer in approval.reviewers]
    each = [f"reviewer {emails.index(r.email) + 1} of {len(emails)} ({_why(r)})" for r in gone]
    return f"{'nobody can decide:' if _nobody_left(gone) else 'mail does not reach'} {', '.join(each)}"
