"""What SES reports of a mail (docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html).

SES adds fields as it likes, so these models take what they know and leave the rest.
"""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from lambdas.domain.errors import InvalidInputError, MalformedJsonError
from lambdas.domain.models.base import Moment, invalid_input


class _Reported(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True, validate_by_alias=True
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


class _Event(_Reported):
    event_type: str
    mail: _Mail
    bounce: _Bounce | None = None
    complaint: _Complaint | None = None


class Undelivered(NamedTuple):
    """A mail that its recipients did not get, or did not want."""

    reasons: dict[str, str]
    """By address, in lower case: what happened, without an address in it."""
    sent_at: datetime
    tags: dict[str, str]


def undelivered(message: str) -> Undelivered | None:
    """``None`` for what is not about a mail that failed.

    A transient bounce of no further kind is mostly somebody's note that they are out of the office: the mail arrived.
    Raises ``InvalidInputError`` for what SES never sends.
    """
    if message.startswith("Successfully validated SNS topic"):
        return None  # what SES says in plain text when the destination is set up
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
