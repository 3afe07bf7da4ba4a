"""The mails this system writes: text and HTML with the same content. Plain string formatting, for a quick cold start.

The style sheet stands in the head; the mailer inlines it (``adapters/inline_css.py``).
"""

from enum import StrEnum
from html import escape
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambdas.domain.models.approval import Approval, Reviewer
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.mail import Mail
from lambdas.domain.models.tenant import Sender
from lambdas.domain.platforms import LABELS


class Kind(StrEnum):
    """Tag ``kind`` of a mail."""

    APPROVAL = "approval"
    REMINDER = "reminder"
    UNREACHABLE = "unreachable"


ASKING = frozenset({Kind.APPROVAL, Kind.REMINDER})
"""Those that a reviewer gets."""

_SUBJECT = {Kind.APPROVAL: "Please review", Kind.REMINDER: "Reminder: please review"}
_OPENING = {Kind.APPROVAL: "is written and waits for your decision", Kind.REMINDER: "still waits for your decision"}
_LABEL = {Kind.APPROVAL: "Waiting for your decision", Kind.REMINDER: "Still waiting for your decision"}


class Wording(NamedTuple):
    """What one mail says."""

    label: str
    title: str
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    button: tuple[str, str] | None
    """Address and words of the one thing to do."""
    closing: str


def invitation(
    kind: Kind, to: str, campaign: Campaign, approval: Approval, link: str, sender: Sender | None = None
) -> Mail:
    """To a reviewer; ``link`` is theirs alone."""
    summary, brief = approval.summary, campaign.brief
    name = _line(brief.name)
    failed = f" ({summary.failed_posts} more could not be written)" if summary.failed_posts else ""
    written = "1 post is" if summary.completed_posts == 1 else f"{summary.completed_posts} posts are"
    voices = f", in the voice of {', '.join(summary.personas)}" if summary.personas else ""
    again = f" This is round {approval.round}: what changed is marked." if approval.round > 1 else ""
    answer = approval.vote_of(to)
    if answer and not approval.counts(answer):
        again += (
            " Posts were changed after you had answered, so that answer does not count any more; what is new is marked."
        )
    wording = Wording(
        label=_LABEL[kind],
        title=name,
        paragraphs=(
            f'The campaign "{name}" {_OPENING[kind]}.{again}',
            f"{written} written{failed} for {', '.join(LABELS[platform] for platform in summary.platforms)}{voices}.",
        ),
        facts=(("Goal", brief.goal), ("Audience", brief.audience)),
        button=(link, "Read the posts and decide"),
        closing="The link is yours alone; please do not forward it. "
        f"It works until {until(campaign, approval)}. Opening it decides nothing.",
    )
    return _mail(to, f"{_SUBJECT[kind]}: {name}", wording, _tags(kind, approval), sender)


def unreachable(to: str, campaign: Campaign, approval: Approval, lost: list[Reviewer], sender: Sender | None) -> Mail:
    """To whoever runs the campaign: these reviewers never got their link."""
    name = _line(campaign.brief.name)
    place = f"/campaigns/{campaign.campaign_id}/approvals/{approval.callback_id}"
    who = "a reviewer" if len(lost) == 1 else f"{len(lost)} reviewers"
    wording = Wording(
        label="Needs you",
        title=f"Mail does not reach {who}",
        paragraphs=(f'The campaign "{name}" waits for approval, and mail does not reach everybody who was asked.',),
        facts=tuple((reviewer.email, reviewer.unreachable or "") for reviewer in lost),
        button=None,
        closing=f"Ask somebody else with POST {place}/reassign, or, once the address works, send a new link with "
        f"POST {place}/reminders. Without a decision the campaign ends by its rule for silence, "
        f"{until(campaign, approval)}.",
    )
    return _mail(to, f"Mail does not reach {who}: {name}", wording, _tags(Kind.UNREACHABLE, approval), sender)


def until(campaign: Campaign, approval: Approval) -> str:
    """When the request ends, in the campaign's time zone."""
    zone = ZoneInfo(campaign.brief.schedule.time_zone)
    return approval.expires_at.astimezone(zone).strftime("%A, %d %B %Y, %H:%M %Z")


def _tags(kind: Kind, approval: Approval) -> dict[str, str]:
    ids = {"tenantId": approval.tenant_id, "campaignId": approval.campaign_id, "callbackId": approval.callback_id}
    return {**ids, "kind": kind.value}


def _line(text: str) -> str:
    """Without line breaks, which would end a header."""
    return " ".join(text.split())


def _mail(to: str, subject: str, wording: Wording, tags: dict[str, str], sender: Sender | None) -> Mail:
    return Mail(to=to, subject=subject[:200], text=_text(wording), html=_html(wording), tags=tags, sender=sender)


def _text(wording: Wording) -> str:
    facts = "\n".join(f"{name}: {value}" for name, value in wording.facts)
    button = f"{wording.button[1]} here:\n{wording.button[0]}" if wording.button else ""
    return "\n\n".join(part for part in (*wording.paragraphs, facts, button, wording.closing) if part) + "\n"


def _html(wording: Wording) -> str:
    parts = [f"<p>{escape(paragraph)}</p>" for paragraph in wording.paragraphs]
    parts += [
        f'<p class="fact"><strong>{escape(name)}</strong><br>{escape(value)}</p>' for name, value in wording.facts
    ]
    if wording.button:
        address, words = wording.button
        parts.append(f'<p class="do"><a class="button" href="{escape(address)}">{escape(words)}</a></p>')
    return _PAGE.format(
        title=escape(wording.title),
        label=escape(wording.label),
        style=_STYLE,
        body="\n".join(parts),
        closing=escape(wording.closing),
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<table class="card" role="presentation" align="center" width="100%" cellpadding="0" cellspacing="0">
<tr><td class="inside">
<p class="label">{label}</p>
<h1>{title}</h1>
{body}
<p class="closing">{closing}</p>
</td></tr>
</table>
</body>
</html>
"""

_STYLE = """
body { margin: 0; padding: 24px 12px; background: #f3f4f6; color: #111827;
  font-family: -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif; }
.card { max-width: 560px; background: #ffffff; border: 1px solid #e5e7eb; border-radius: 12px; }
.inside { padding: 32px; }
.label { margin: 0 0 8px; font-size: 13px; letter-spacing: .04em; text-transform: uppercase; color: #4b5563; }
h1 { margin: 0 0 16px; font-size: 22px; line-height: 1.3; }
p { margin: 0 0 16px; font-size: 16px; line-height: 1.5; }
.fact { margin: 0 0 12px; font-size: 15px; }
.do { margin: 24px 0; }
.button { display: inline-block; padding: 14px 24px; border-radius: 8px; background: #1d4ed8; color: #ffffff;
  font-size: 16px; font-weight: 600; text-decoration: none; }
.closing { margin: 0; font-size: 13px; color: #4b5563; }
"""
