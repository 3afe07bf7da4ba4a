"""A campaign's plan as a table (CSV, RFC 4180) and as a calendar (iCalendar, RFC 5545), for people and programs."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from lambdas.domain.models.base import iso
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.post import Post
from lambdas.domain.platforms import LABELS

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel takes a CSV file for the machine's old character set, and every umlaut is lost."""
DRAFT = "draft of the built-in writer"
COLUMNS = (
    "number",
    "postId",
    "platform",
    "scheduledAt",
    "localDate",
    "localTime",
    "timeZone",
    "persona",
    "topic",
    "status",
    "writtenBy",
    "title",
    "subject",
    "preview",
    "text",
    "hashtags",
    "mentions",
    "callToAction",
    "link",
    "altText",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins with one of these is a formula to a spreadsheet, or may be split into one
(owasp.org/www-community/attacks/CSV_Injection)."""
_LINE_OCTETS = 75
"""Of a line of iCalendar, without its end (RFC 5545, section 3.1)."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
"""What a text of iCalendar may not have (section 3.1, CONTROL); line ends are escaped."""


def written_by(post: Post) -> str:
    """Who is responsible for the text: empty where there is none."""
    if post.content is None:
        return ""
    if post.is_draft:
        return DRAFT
    if post.edit:
        return f"edited by {post.edit.by}"
    return post.provenance.model_id if post.provenance else ""


def _kept(posts: Iterable[Post]) -> Iterable[Post]:
    """Without those that a person took out of the plan."""
    return (post for post in posts if not post.dropped)


def as_csv(campaign: Campaign, posts: Iterable[Post]) -> str:
    """A header, and a row for each post. A cell that a spreadsheet would take for a formula begins with ``'``."""
    file = io.StringIO(newline="")
    rows = csv.DictWriter(file, COLUMNS, lineterminator="\r\n")
    rows.writeheader()
    for post in _kept(posts):
        rows.writerow({name: _harmless(value) for name, value in _row(campaign, post).items()})
    return BYTE_ORDER_MARK + file.getvalue()


def _row(campaign: Campaign, post: Post) -> Mapping[str, str]:
    zone = campaign.brief.schedule.time_zone
    local, content = post.scheduled_at.astimezone(ZoneInfo(zone)), post.content
    row = {
        "number": str(post.index + 1),
        "postId": post.post_id,
        "platform": post.platform.value,
        "scheduledAt": iso(post.scheduled_at),
        "localDate": local.strftime("%Y-%m-%d"),
        "localTime": local.strftime("%H:%M"),
        "timeZone": zone,
        "persona": post.persona_id,
        "topic": post.topic,
        "status": post.status.value,
        "writtenBy": written_by(post),
    }
    if content is None:
        return row
    return row | {
        "title": content.title or "",
        "subject": content.subject or "",
        "preview": content.preview or "",
        "text": content.text,
        "hashtags": " ".join(content.hashtags),
        "mentions": " ".join(content.mentions),
        "callToAction": content.call_to_action or "",
        "link": content.link or "",
        "altText": content.alt_text or "",
    }


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_FORMULA) else cell


def as_calendar(campaign: Campaign, posts: Iterable[Post]) -> str:
    """An event for each post that goes out, at its moment in UTC. An event's UID is the post's id, so that importing
    the file again changes events and adds none."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//campaign-orchestration//plan//EN",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_text(campaign.brief.name)}",
    ]
    for post in posts:
        if post.goes_out:
            lines += _event(campaign, post)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _folded(line))


def _event(campaign: Campaign, post: Post) -> Iterator[str]:
    content = post.content
    assert content is not None
    label = f"[{DRAFT}] " if post.is_draft else ""
    yield "BEGIN:VEVENT"
    yield f"UID:{post.post_id}@campaign-orchestration"
    yield f"DTSTAMP:{_moment(campaign.updated_at)}"
    yield f"SEQUENCE:{post.version}"
    yield f"DTSTART:{_moment(post.scheduled_at)}"  # without an end: it takes no time (section 3.6.1)
    yield f"SUMMARY:{_text(f'{label}{LABELS[post.platform]}: {content.title or content.subject or post.topic}')}"
    parts = [content.text, " ".join(content.hashtags), " ".join(content.mentions), content.link or ""]
    yield f"DESCRIPTION:{_text(chr(10).join(part for part in parts if part))}"
    yield f"CATEGORIES:{_text(LABELS[post.platform])}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    """Section 3.3.11: backslash, semicolon, comma and line end are escaped."""
    clean = _CONTROL.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return clean.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Pieces of at most 75 octets, none of which ends within a character; all but the first begin with a space."""
    piece, used = "", 0
    for character in line:
        size = len(character.encode())
        if used + size > _LINE_OCTETS:
            yield piece
            piece, used = " ", 1
        piece, used = piece + character, used + size
    yield piece
