"""Telling whoever runs a campaign that mail does not reach a reviewer."""

from datetime import datetime

from pydantic import validate_email

from lambdas.domain.approval import is_lost
from lambdas.domain.errors import ThrottledError
from lambdas.domain.models.approval import Approval, MailState, Reviewer
from lambdas.domain.models.campaign import Campaign, Failure
from lambdas.domain.models.checkpoint import REQUEST_APPROVAL
from lambdas.domain.models.tenant import TenantSettings
from lambdas.ports.bundle import Ports
from lambdas.ports.stores import ApprovalStore
from lambdas.services.alerts import advised, alert_of
from lambdas.services.inviting import have_time, send_once
from lambdas.services.letters import unreachable

MAYBE = "it is not known whether the mail was sent"


def tell_unreachable(approval: Approval, campaign: Campaign, now: datetime, ports: Ports) -> tuple[Approval, list[str]]:
    """Once for each link that did not arrive, or may not have: an alert to operators, a mail to the tenant's people.

    Noted before it is done, and taken back when the alert is refused, so that nobody is told twice. The alert names
    reviewers by their number, since an address belongs into no log.
    """
    lost = [reviewer for reviewer in approval.silent() if is_lost(reviewer)]
    if not lost or not have_time(ports.deadline):
        return approval, []
    settings = ports.catalog.get_settings(campaign.tenant_id)
    letters = [unreachable(to, campaign, approval, _named(lost), settings.sender) for to in _told(settings, campaign)]
    approval = _noted(approval, lost, ports.approvals, told=True)
    failure = Failure(
        code="REVIEWER_UNREACHABLE", message=_said(approval, lost), at=now, retryable=False, step=REQUEST_APPROVAL
    )
    try:
        ports.alerts.send(alert_of(campaign, advised(failure, campaign)))
    except ThrottledError:
        _noted(approval, lost, ports.approvals, told=False)
        raise
    deeds = ["unreachable told"] * len(lost)
    states = [send_once(ports.mailer, letter)[0] for letter in letters]
    return approval, [*deeds, *("manager not mailed" for state in states if state is not MailState.SENT)]


def _noted(approval: Approval, lost: list[Reviewer], approvals: ApprovalStore, *, told: bool) -> Approval:
    for reviewer in lost:
        approval = approval.with_reviewer(reviewer.email, unreachable_told=told)
    return approvals.amend(approval)


def _named(lost: list[Reviewer]) -> list[Reviewer]:
    """With what is known of each: a mail that may have gone out has no reason of the mail service's."""
    return [r.model_copy(update={"unreachable": r.unreachable or MAYBE}) for r in lost]


def _told(settings: TenantSettings, campaign: Campaign) -> tuple[str, ...]:
    if settings.notify:
        return settings.notify
    try:
        return (validate_email(campaign.created_by)[1],)
    except ValueError:
        return ()  # a token's subject need not be an address: the alert still goes out


def _said(approval: Approval, lost: list[Reviewer]) -> str:
    emails = [reviewer.email for reviewer in approval.reviewers]
    each = [f"reviewer {emails.index(r.email) + 1} of {len(emails)} ({r.unreachable})" for r in _named(lost)]
    return f"mail does not reach {', '.join(each)}"
