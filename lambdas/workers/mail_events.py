"""Lambda ``mail-events``: handles SES's reports, through an SNS topic, about mails that did not arrive.

The result is stored with the request that the mail belongs to; the Lambda ``sweep-approvals`` then informs people. The
reports are described at docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html. SES may add
fields, so these models ignore unknown ones.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from lambdas.adapters.telemetry import count, logger
from lambdas.bootstrap import load, ports_for
from lambdas.domain.errors import ConflictError, InvalidInputError, MalformedJsonError, NotFoundError
from lambdas.domain.ids import CallbackId, CallbackIdField, CampaignIdField, CampaignKey, TenantIdField
from lambdas.domain.models.approval import Approval, MailState, Reviewer
from lambdas.domain.models.base import Moment, invalid_input
from lambdas.domain.models.mail import ASKING
from lambdas.ports.stores import ApprovalStore
from lambdas.services.open_requests import amend_pending
from lambdas.settings import TableSettings

SKEW = timedelta(minutes=1)
"""Allowed difference between our clock and the mail service's."""
_TAGS: TypeAdapter[tuple[TenantIdField, CampaignIdField, CallbackIdField]] = TypeAdapter(
    tuple[TenantIdField, CampaignIdField, CallbackIdField]
)


class _Reported(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        defer_build=True,
    )


class _Mail(_Reported):
    timestamp: Moment
    tags: dict[str, tuple[str, ...]] = {}
    destination: tuple[str, ...] = ()


class _Recipient(_Reported):
    email_address: str
    status: str | None = None


class _Bounce(_Reported):
    bounce_type: str
    bounce_sub_type: str = ""
    bounced_recipients: tuple[_Recipient, ...]


class _Complaint(_Reported):
    complained_recipients: tuple[_Recipient, ...]


class _Event(_Reported, defer_build=False):
    event_type: str
    mail: _Mail
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None


class Undelivered(NamedTuple):
    """A mail that its recipients did not get, or complained about."""

    reasons: dict[str, str]
    """By address, in lower case: what happened, without an address in the text."""
    sent_at: datetime
    tags: dict[str, str]


def undelivered(message: str) -> Undelivered | None:
    """``None`` for a report that is not about a failed mail.

    A transient bounce without a more specific type is usually an out-of-office reply: the mail arrived. Raises
    ``InvalidInputError`` for anything that SES does not send.
    """
    if message.startswith("Successfully validated SNS topic"):
        return None  # the plain-text message that SES sends when the destination is set up
    event = _parsed(message)
    reasons: dict[str, str] = {}
    if event.bounce and (event.bounce.bounce_type, event.bounce.bounce_sub_type) != ("Transient", "General"):
        kind = f"{event.bounce.bounce_type} bounce, {event.bounce.bounce_sub_type}".removesuffix(", ")
        reasons = {
            recipient.email_address.lower(): kind + (f" ({recipient.status})" if recipient.status else "")
            for recipient in event.bounce.bounced_recipients
        }
    elif event.complaint:
        said = "the recipient marked the mail as spam"
        reasons = {recipient.email_address.lower(): said for recipient in event.complaint.complained_recipients}
    elif event.event_type == "Reject":
        reasons = dict.fromkeys((address.lower() for address in event.mail.destination), "rejected by the mail service")
    if not reasons:
        return None
    tags = {name: values[0] for name, values in event.mail.tags.items() if values}
    return Undelivered(reasons, event.mail.timestamp, tags)


def _parsed(message: str) -> _Event:
    try:
        return _Event.model_validate_json(message)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise MalformedJsonError("the message is not JSON") from None
        raise invalid_input(error) from None


def message_in(record: Any) -> str:
    """The message of one record of an SNS event. Raises ``InvalidInputError``."""
    try:
        message = record["Sns"]["Message"]
    except (KeyError, TypeError):
        message = None
    if not isinstance(message, str):
        raise InvalidInputError("this is not a record of SNS with a message")
    return message


class Outcome(StrEnum):
    NOTED = "noted"
    KNOWN = "known already"  # a duplicate, or about a link that was replaced since
    NOBODYS = "of no open request"
    OTHER = "not a mail to a reviewer"


def note(lost: Undelivered, approvals: ApprovalStore, now: datetime) -> tuple[Outcome, CampaignKey | None]:
    """Mark the reviewers whom the mail did not reach. A repeated event changes nothing.

    Raises ``ConcurrentUpdateError`` if others keep changing the request.
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
    # A report proves that the mail was sent, even if the sender died before recording that.
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


load(TableSettings, approvals=True)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """SNS delivers at least once, one record at a time. Records that cannot be read go to the dead-letter queue."""
    logger().clear_state()
    ports = ports_for(TableSettings)
    records = event.get("Records")
    if not isinstance(records, list):
        logger().error("mail event refused", reason="there are no records in it")
        raise InvalidInputError("this is not an event of SNS")
    outcomes = []
    for record in records:
        try:
            lost = undelivered(message_in(record))
        except InvalidInputError as error:
            # Not the event itself: it contains addresses.
            fields = [field.field for field in error.errors]
            logger().error("mail event refused", reason=error.code, fields=fields)
            raise
        outcome, key = note(lost, ports.approvals, ports.clock.now()) if lost else (Outcome.OTHER, None)
        count("MailEvents", Outcome=outcome.value)
        if key:
            logger().append_keys(tenant_id=key.tenant_id, campaign_id=key.campaign_id)
        logger().info("mail event", outcome=outcome.value)
        outcomes.append(outcome.value)
    return {"outcomes": outcomes}
