"""What is sent to people: mails, and alerts for operators."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from lambdas.domain.models.approval import MailState
from lambdas.domain.models.base import Email, Model, Moment
from lambdas.domain.models.campaign import Failure
from lambdas.domain.models.tenant import Sender


class Mail(Model):
    to: Email
    subject: Annotated[str, Field(min_length=1, max_length=200)]
    text: str
    html: str
    """With its style sheet in a ``<style>`` element; the mailer inlines it, because many mail programs ignore style
    sheets."""
    tags: dict[str, str] = Field(default_factory=dict)
    """SES message tags: ids only, never a token or an address. Bounce reports contain them."""
    sender: Sender | None = None
    """Of the tenant; ``None``: the deployment's."""
    in_name_of: str | None = None
    """The name that is shown as the sender's, whatever the address; ``None``: the sender's own."""


class Kind(StrEnum):
    """Value of the tag ``kind`` of a mail."""

    APPROVAL = "approval"
    REMINDER = "reminder"
    UNREACHABLE = "unreachable"
    DECIDED = "decided"
    FAILED = "failed"


ASKING = frozenset({Kind.APPROVAL, Kind.REMINDER})
"""Those that a reviewer gets."""


class News(Model):
    """A mail that tells somebody what became of a campaign (``SK = NEWS#<about>#<number>``)."""

    about: str
    """The request that was decided, or which failure of the campaign."""
    number: Annotated[int, Field(ge=0)]
    """Which of those who are told: a checksum of the address."""
    kind: Kind
    to: Email
    at: Moment
    mail: MailState
    reason: str | None = None
    """Why the mail service refused it."""


class Alert(Model):
    """A campaign failed, or needs somebody, with all that whoever gets the message needs to begin with."""

    tenant_id: str
    campaign_id: str
    name: str
    status: str
    failure: Failure
