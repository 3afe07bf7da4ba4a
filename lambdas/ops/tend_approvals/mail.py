"""Mails after the first: to those who have not answered, and to those who are asked later."""

from enum import StrEnum
from html import escape
from zoneinfo import ZoneInfo

from lambdas.core.models.approval import Approval
from lambdas.core.models.campaign import Campaign
from lambdas.core.models.mail import Mail


class Kind(StrEnum):
    INVITATION = "approval"
    REMINDER = "reminder"


_SUBJECT = {Kind.INVITATION: "Please review", Kind.REMINDER: "Reminder: please review"}
_OPENING = {
    Kind.INVITATION: "is written and waits for your decision.",
    Kind.REMINDER: "still waits for your decision.",
}


def letter(kind: Kind, to: str, campaign: Campaign, approval: Approval, link: str) -> Mail:
    """Text and HTML with the same content; ``link`` is the reviewer's own."""
    zone = ZoneInfo(campaign.brief.schedule.time_zone)
    name = " ".join(campaign.brief.name.split())
    expires = approval.expires_at.astimezone(zone).strftime("%A, %d %B %Y, %H:%M %Z")
    opening = f'The campaign "{name}" {_OPENING[kind]}'
    closing = (
        f"The link is yours alone; please do not forward it. It works until {expires}. Opening it decides nothing."
    )
    return Mail(
        to=to,
        subject=f"{_SUBJECT[kind]}: {name}"[:200],
        text=f"{opening}\n\nRead the posts and decide here:\n{link}\n\n{closing}\n",
        html=_HTML.format(title=escape(name), opening=escape(opening), link=escape(link), closing=escape(closing)),
        tags={"campaignId": campaign.campaign_id, "kind": kind.value},
    )


_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
</head>
<body style="margin:0;padding:24px 12px;background:#f3f4f6;color:#111827;\
font-family:-apple-system,'Segoe UI',Roboto,Arial,sans-serif">
<table role="presentation" align="center" width="100%" cellpadding="0" cellspacing="0" \
style="max-width:560px;background:#ffffff;border-radius:12px;border:1px solid #e5e7eb">
<tr><td style="padding:32px">
<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3">{title}</h1>
<p style="margin:0 0 24px;font-size:16px;line-height:1.5">{opening}</p>
<p style="margin:0 0 24px"><a href="{link}" style="display:inline-block;padding:14px 24px;border-radius:8px;\
background:#1d4ed8;color:#ffffff;font-size:16px;font-weight:600;text-decoration:none">Read the posts and decide</a></p>
<p style="margin:0;font-size:13px;line-height:1.5;color:#4b5563">{closing}</p>
</td></tr>
</table>
</body>
</html>
"""
