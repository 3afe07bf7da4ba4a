"""What a model writes of a post, before code completes it."""

from typing import Annotated

from pydantic import Field, StringConstraints

from lambdas.domain.models.base import Model

ShortText = Annotated[str, StringConstraints(max_length=300)]


class Draft(Model):
    """What the model is asked for: words only. The link, the disclaimers and the opt-out are added by code."""

    text: Annotated[str, StringConstraints(max_length=400_000)]
    hashtags: Annotated[tuple[ShortText, ...], Field(max_length=30)] = ()
    mentions: Annotated[tuple[ShortText, ...], Field(max_length=10)] = ()
    alt_text: Annotated[str, StringConstraints(max_length=1_000)] | None = None
    call_to_action: ShortText | None = None
    subject: Annotated[str, StringConstraints(max_length=1_000)] | None = None
    """Email only."""
    preview: Annotated[str, StringConstraints(max_length=1_000)] | None = None
    """Email only."""
    title: Annotated[str, StringConstraints(max_length=1_000)] | None = None
    """Blog and YouTube only."""
