"""Telling whoever runs a campaign that mail does not reach a reviewer."""

from datetime import datetime

from pydantic import validate_email

from lambdas.core.alerts import Alerts, advised, alert_of
from lambdas.core.inviting import Channels
from lambdas.core.letters import unreachable
from lambdas.core.mailing import amend_pending, deliver
from lambdas.core.models.approval import Approval, Reviewer
from lambdas.core.models.campaign import Campaign, Failure
from lambdas.core.models.tenant import TenantSettings
from lambdas.core.ports import ApprovalStore
from lambdas.core.steps import REQUEST_APPROVAL


def tell_unreachable(
    approval: Approval,
    campaign: Campaign,
    channels: Channels,
    alerts: Alerts,
    now: datetime,
    approvals: ApprovalStore,
) -> tuple[Approval, list[str]]:
    """Once for each link that did not arrive: a mail to the tenant's people, and an alert to the operators.

    Noted when it is done: of a lost word and one that comes twice, the second is the smaller harm. The alert names
    reviewers by their number, since an address belongs into no log.
    """
    lost = [r for r in approval.staged() if r.unreachable and not r.unreachable_told and not approval.vote_of(r.email)]
    if not lost:
        return approval, []
    settings = channels.catalog.get_settings(campaign.tenant_id)
    letters = [unreachable(to, campaign, approval, lost, settings.sender) for to in _told(settings, campaign)]
    deeds = ["unreachable told"] * len(lost)
    deeds += ["manager not mailed" for letter in letters if deliver(channels.mailer, letter)]
    failure = Failure(
        code="REVIEWER_UNREACHABLE", message=_said(approval, lost), at=now, retryable=False, step=REQUEST_APPROVAL
    )
    alerts.send(alert_of(campaign, advised(failure, campaign)))
    addresses = {reviewer.email for reviewer in lost}

    def noted(current: Approval) -> Approval:
        told = tuple(
            r.model_copy(update={"unreachable_told": True}) if r.email in addresses else r for r in current.reviewers
        )
        return current.model_copy(update={"reviewers": told})

    return amend_pending(approvals, approval.key, approval.callback_id, noted), deeds


def _told(settings: TenantSettings, campaign: Campaign) -> tuple[str, ...]:
    if settings.notify:
        return settings.notify
    try:
        return (validate_email(campaign.created_by)[1],)
    except ValueError:
        return ()  # a token's subject need not be an address: the alert still goes out


def _said(approval: Approval, lost: list[Reviewer]) -> str:
    emails = [reviewer.email for reviewer in approval.reviewers]
    each = [f"reviewer {emails.index(r.email) + 1} of {len(emails)} ({r.unreachable})" for r in lost]
    return f"mail does not reach {', '.join(each)}"
