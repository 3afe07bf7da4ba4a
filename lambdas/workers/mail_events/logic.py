"""A mail did not arrive: note it on the request it belongs to. ``ops/sweep_approvals`` tells the people concerned."""

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from lambdas.domain.errors import ConflictError, NotFoundError
from lambdas.domain.ids import CallbackId, CallbackIdField, CampaignIdField, CampaignKey, TenantIdField
from lambdas.domain.models.approval import Approval, MailState, Reviewer
from lambdas.domain.models.mail import ASKING
from lambdas.ports.stores import ApprovalStore
from lambdas.services.open_requests import amend_pending
from lambdas.workers.mail_events.event import Undelivered

SKEW = timedelta(minutes=1)
"""Between our clock and that of the mail service."""
_TAGS: TypeAdapter[tuple[TenantIdField, CampaignIdField, CallbackIdField]] = TypeAdapter(
    tuple[TenantIdField, CampaignIdField, CallbackIdField]
)


class Outcome(StrEnum):
    NOTED = "noted"
    KNOWN = "known already"  # a duplicate, or about a link that was replaced since
    NOBODYS = "of no open request"
    OTHER = "not a mail to a reviewer"


def note(lost: Undelivered, approvals: ApprovalStore, now: datetime) -> tuple[Outcome, CampaignKey | None]:
    """Mark the reviewers whom the mail did not reach. The same event again changes nothing.

    Raises ``ConcurrentUpdateError`` when others keep changing the request.
    """
    place = _place(lost)
    if place is None:
        return Outcome.OTHER, None
    key, callback_id = place
    outcome = Outcome.KNOWN

    def marked(approval: Approval) -> Approval:
        nonlocal outcome
        reviewers = tuple(_marked(reviewer, lost) for reviewer in approval.reviewers)
        outcome = Outcome.KNOWN if reviewers == approval.reviewers else Outcome.NOTED
        return approval.model_copy(update={"reviewers": reviewers})

    try:
        amend_pending(approvals, key, callback_id, marked, due_at=now)
    except (NotFoundError, ConflictError):
        return Outcome.NOBODYS, key
    return outcome, key


def _marked(reviewer: Reviewer, lost: Undelivered) -> Reviewer:
    reason = lost.reasons.get(reviewer.email.lower())
    replaced = reviewer.invited_at is None or lost.sent_at < reviewer.invited_at - SKEW
    if reason is None or replaced or reviewer.unreachable:
        return reviewer
    # A report proves that the mail went out, which its sender may not have lived to note.
    return reviewer.model_copy(update={"unreachable": reason, "mail": MailState.SENT})


def _place(lost: Undelivered) -> tuple[CampaignKey, CallbackId] | None:
    if lost.tags.get("kind") not in ASKING:
        return None
    try:
        ids = [lost.tags.get(name) for name in ("tenantId", "campaignId", "callbackId")]
        tenant_id, campaign_id, callback_id = _TAGS.validate_python(ids)
    except ValidationError:
        return None
    return CampaignKey(tenant_id, campaign_id), callback_id
