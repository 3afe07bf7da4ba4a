"""The form in which a reviewer edits one post on the page: its text, its time, whether it goes out.

It is part of the page's one form, so that whatever else is filled in stays: ``editing`` says which post it is about,
``version-<n>`` which version of it was shown, and ``text-<n>``, ``subject-<n>``, ``preview-<n>``, ``title-<n>`` and
``time-<n>`` what it should become. The buttons are ``edit``, ``save``, ``drop``, ``keep`` and ``cancel``, each with the
number of its post.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambdas.api.pages.marks import Wrong
from lambdas.domain.errors import InvalidInputError
from lambdas.domain.limits import LIMITS
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.post import Post
from lambdas.services.editing import PostPatch
from lambdas.services.sentences import Words

BUTTONS = ("edit", "save", "drop", "keep", "cancel")
_TEXTS = ("subject", "preview", "title", "text")


class EditForm(NamedTuple):
    """The fields of one post, as they are or as they were filled in."""

    number: int
    version: str
    texts: Mapping[str, str]
    time: str
    """As a browser's field for a date and a time has it, in the campaign's time zone: ``2026-03-02T09:30``."""


def pressed(fields: Mapping[str, str], total: int) -> tuple[str, int] | None:
    """The button that sent the form, and the number of its post; ``None``: none of these."""
    for button in BUTTONS:
        number = fields.get(button, "")
        if number.isascii() and number.isdecimal() and len(number) < 9 and 1 <= int(number) <= total:
            return button, int(number)
    return None


def form_of(post: Post, zone: ZoneInfo) -> EditForm:
    """The post as it is."""
    limit, content = LIMITS[post.platform], post.content
    names = [n for n in _TEXTS if n == "text" or n in limit.requires or getattr(limit, n) is not None]
    texts = {name: getattr(content, name) or "" for name in names}
    return EditForm(post.index + 1, str(post.version), texts, f"{post.scheduled_at.astimezone(zone):%Y-%m-%dT%H:%M}")


def filled_in(fields: Mapping[str, str], post: Post, zone: ZoneInfo) -> EditForm:
    """The same as a form that was sent has it."""
    shown = form_of(post, zone)
    texts = {name: fields.get(f"{name}-{shown.number}", text) for name, text in shown.texts.items()}
    version = fields.get(f"version-{shown.number}", "")
    return EditForm(shown.number, version, texts, fields.get(f"time-{shown.number}", shown.time))


def changes_in(form: EditForm, post: Post, zone: ZoneInfo) -> dict[str, str | None]:
    """What the form wants otherwise, as the body of a ``PATCH``. Raises ``ValueError`` for a time that there is not."""
    shown = form_of(post, zone)
    changes: dict[str, str | None] = {
        name: text.strip() or None for name, text in form.texts.items() if text.strip() != shown.texts[name].strip()
    }
    if form.time != shown.time:
        changes["scheduledAt"] = _moment(form.time, zone).isoformat()
    return changes


def _moment(time: str, zone: ZoneInfo) -> datetime:
    """Raises ``ValueError``, also in the hour that is left out when the clocks go forward."""
    wall = datetime.fromisoformat(time)
    try:
        moment = wall.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        raise ValueError(f"there is no {time} in UTC") from None
    if wall.tzinfo or moment.astimezone(zone).replace(tzinfo=None) != wall:
        raise ValueError(f"there is no {time} in {zone.key}")
    return moment


def patch_of(form: EditForm, post: Post, zone: ZoneInfo) -> PostPatch | None:
    """What the form changes; ``None``: nothing. Raises ``InvalidInputError``, and ``ValueError`` as ``changes_in``."""
    changes = changes_in(form, post, zone)
    return PostPatch.from_wire(changes) if changes else None


def wrongs_of(
    error: InvalidInputError, number: int, form: EditForm | None, campaign: Campaign, words: Words
) -> list[Wrong]:
    """What keeps an edit from being saved, at the fields of its form."""
    schedule = campaign.brief.schedule
    zone, start, end = ZoneInfo(schedule.time_zone), schedule.start_utc(), schedule.end_utc()
    wrongs = []
    for problem in error.errors:
        said, values = "error.rule", {"text": problem.message.partition("; rule ")[0]}
        if problem.field == "scheduledAt" and error.details.get("reason") == "past":
            said = "error.past"
        elif problem.field == "scheduledAt" and form and not start <= _moment(form.time, zone) <= end:
            said = "error.window"
            values = {name: words.moment(at, zone, named=True) for name, at in (("first", start), ("last", end))}
        elif problem.field == "text" and problem.message == "a post needs one":
            said = "error.no_text"
        elif problem.field == "dropped":
            said = "error.last_one"
        name = {"scheduledAt": "time", **{name: name for name in _TEXTS}}.get(problem.field, "text")
        wrongs.append(Wrong(f"{name}-{number}", said, number, values))
    return wrongs
