"""An email as a mailer sends it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from lambdas.domain.models.base import Email, Model
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
    """The tenant's sender; ``None``: the deployment's."""


class Kind(StrEnum):
    """Value of the tag ``kind`` of a mail."""

    APPROVAL = "approval"
    REMINDER = "reminder"
    UNREACHABLE = "unreachable"


ASKING = frozenset({Kind.APPROVAL, Kind.REMINDER})
"""The kinds that reviewers get."""
