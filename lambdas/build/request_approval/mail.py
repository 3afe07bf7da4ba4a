"""The mail that asks a reviewer to decide."""

from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from lambdas.core.models.approval import Approval
from lambdas.core.models.campaign import Campaign
from lambdas.core.models.mail import Mail

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def approval_mail(to: str, campaign: Campaign, approval: Approval, link: str) -> Mail:
    """Text and HTML with the same content; ``link`` is the reviewer's own."""
    zone = ZoneInfo(campaign.brief.schedule.time_zone)
    values = {
        "campaign": campaign.brief,
        "summary": approval.summary,
        "link": link,
        "expires": approval.expires_at.astimezone(zone).strftime("%A, %d %B %Y, %H:%M %Z"),
    }
    subject = " ".join(f"Please review: {campaign.brief.name}".split())
    return Mail(
        to=to,
        subject=subject[:200],
        text=_TEMPLATES.get_template("approval.txt").render(values),
        html=_TEMPLATES.get_template("approval.html").render(values),
        tags={"campaignId": campaign.campaign_id, "kind": "approval"},
    )
