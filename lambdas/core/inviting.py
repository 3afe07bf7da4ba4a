"""Bringing reviewers their links: by mail, and in Slack where the tenant uses it."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from lambdas.core.chat import Chat
from lambdas.core.errors import CampaignError
from lambdas.core.letters import Kind, invitation, until
from lambdas.core.links import approval_link
from lambdas.core.mailing import deliver
from lambdas.core.models.approval import Approval, Reviewer
from lambdas.core.models.campaign import Campaign
from lambdas.core.models.tenant import SlackUse
from lambdas.core.ports import CatalogStore, Keys, Mailer

SENT = "sent"
NOT_CONFIGURED = "not configured"
_CHATTED = {Kind.APPROVAL: "waits for your decision", Kind.REMINDER: "still waits for your decision"}


class Channels(NamedTuple):
    """Ways to a reviewer, and what it takes to make a link."""

    mailer: Mailer
    chat: Chat
    catalog: CatalogStore
    keys: Keys


class Delivery(NamedTuple):
    """What became of one reviewer's link."""

    refused: str | None
    """Why mail does not reach them."""
    slack: str
    """``sent``, ``not configured`` or ``failed: reason``, and whether the channel could not be told."""


def send_links(
    kind: Kind,
    campaign: Campaign,
    approval: Approval,
    nonces: Mapping[str, str],
    channels: Channels,
    base_url: str,
    now: datetime,
) -> dict[str, Delivery]:
    """A link to each address of ``nonces``: first all mails, then Slack, which must not cost anybody their mail.

    Temporary errors of the mail service are raised; those of Slack are an answer.
    """
    settings = channels.catalog.get_settings(campaign.tenant_id)
    links = {
        email: approval_link(
            base_url,
            channels.keys.approval(),
            approval.key,
            approval.callback_id,
            nonce,
            now=now,
            expires=approval.expires_at,
        )
        for email, nonce in nonces.items()
    }
    refused = {
        email: deliver(channels.mailer, invitation(kind, email, campaign, approval, link, settings.sender))
        for email, link in links.items()
    }
    slack = dict.fromkeys(links, NOT_CONFIGURED)
    if settings.slack:
        slack = {email: _tell(kind, campaign, approval, email, link, channels.chat) for email, link in links.items()}
        untold = _announce(kind, campaign, settings.slack, channels.chat)
        slack = {email: said + untold for email, said in slack.items()}
    return {email: Delivery(refused[email], slack[email]) for email in links}


def _tell(kind: Kind, campaign: Campaign, approval: Approval, email: str, link: str, chat: Chat) -> str:
    text = (
        f'The campaign "{" ".join(campaign.brief.name.split())}" {_CHATTED[kind]}, until {until(campaign, approval)}. '
        "The link is yours alone; please do not pass it on."
    )
    try:
        chat.tell(campaign.tenant_id, email, text, (link, "Read the posts and decide"))
    except CampaignError as error:
        return f"failed: {error.message}"
    return SENT


def _announce(kind: Kind, campaign: Campaign, use: SlackUse, chat: Chat) -> str:
    """The channel hears that somebody is asked, and not whom; a reminder is nobody else's business.

    Answers what is to be noted about it: nothing where all is well.
    """
    if use.channel is None or kind is not Kind.APPROVAL:
        return ""
    name = " ".join(campaign.brief.name.split())
    try:
        chat.announce(
            campaign.tenant_id, use.channel, f'The campaign "{name}" is written; its reviewers are asked now.'
        )
    except CampaignError as error:
        return f"; the channel was not told: {error.message}"
    return ""


def with_deliveries(approval: Approval, deliveries: Mapping[str, Delivery]) -> Approval:
    """The request with what became of its links. A bounce that was faster than this stays noted."""

    def noted(reviewer: Reviewer) -> Reviewer:
        found = deliveries.get(reviewer.email)
        if found is None:
            return reviewer
        return reviewer.model_copy(update={"slack": found.slack, "unreachable": found.refused or reviewer.unreachable})

    return approval.model_copy(update={"reviewers": tuple(noted(reviewer) for reviewer in approval.reviewers)})
