"""An email as a mailer sends it."""

from typing import Annotated

from pydantic import EmailStr, Field

from lambdas.core.models.base import Model


class Mail(Model):
    to: EmailStr
    subject: Annotated[str, Field(min_length=1, max_length=200)]
    text: str
    html: str
    tags: dict[str, str] = Field(default_factory=dict)
    """SES message tags: ids only, never a token."""
