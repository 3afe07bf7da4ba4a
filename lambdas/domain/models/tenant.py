"""Settings of a tenant that apply to all its campaigns."""

from typing import Annotated

from pydantic import Field

from lambdas.domain.ids import shaped
from lambdas.domain.models.base import Email, Model


class Sender(Model):
    """The sender of a tenant's mails. The address is an identity that SES has verified and that belongs to the
    tenant."""

    address: Email
    name: Annotated[str, shaped(r"^[^\x00-\x1f\x7f]{1,100}$", "1 to 100 characters in one line")] | None = None
    reply_to: Email | None = None


class SlackUse(Model):
    """Reviewers get their links in Slack as well. The bot's token is a secret of the deployment, never a setting."""

    channel: Annotated[str, shaped(r"^[CG][A-Z0-9]{8,20}$", "the id of a channel, like C0123456789")] | None = None
    """Id of a channel that gets a message, without a link, when a campaign waits for approval."""


class TenantConfig(Model):
    """Body of ``PUT /settings``."""

    sender: Sender | None = None
    """If absent, the deployment's sender."""
    slack: SlackUse | None = None
    """Absent: mail only."""
    notify: Annotated[tuple[Email, ...], Field(max_length=10)] = ()
    """Who is mailed what becomes of campaigns, and when mail does not reach a reviewer; where empty, whoever started
    the campaign. A brief's ``approval.notify`` goes before it."""


class TenantSettings(TenantConfig):
    """As stored. ``version`` increases by 1 with each change; 0: nothing was ever stored."""

    version: Annotated[int, Field(ge=0)] = 0
