"""When a campaign's posts go out: its window, and how many posts fit into it."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from lambdas.domain.ids import shaped
from lambdas.domain.models.base import Day, Integer, Model, WallTime

MAX_POSTS = 10_000
MAX_POSTS_PER_DAY = 50
"""On each channel, unless the brief says otherwise: one in a quarter of an hour of the twelve in which posts go out."""

_FIRST_YEAR, _LAST_YEAR = 2000, 2999
"""Away from the ends of the calendar, where a time zone's offset leads out of it."""


class Cadence(Model):
    """How often to post when the brief does not say how many posts it wants."""

    posts: Annotated[Integer, Field(ge=1, le=1_000)]
    per: Literal["day", "week"] = "day"


class Schedule(Model):
    """The window of the campaign. Times without an offset are wall-clock times in ``timeZone``."""

    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    start: WallTime
    end: WallTime
    cadence: Cadence = Cadence.model_construct(posts=1, per="day")
    blackout_dates: Annotated[tuple[Day, ...], Field(max_length=366)] = ()
    holiday_country: Annotated[str, shaped(r"^[A-Z]{2}$", "two capital letters, like DE (ISO 3166-1)")] | None = None
    """ISO 3166-1 country whose public holidays get no posts."""
    max_posts_per_day: Annotated[Integer, Field(ge=1, le=MAX_POSTS)] | None = None
    """Posts a day on each channel; ``MAX_POSTS_PER_DAY`` where absent."""

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        if not is_zone(zone):
            raise ValueError(f"there is no time zone {zone!r} in the IANA database; use a name like Europe/Berlin")
        return zone

    @field_validator("start", "end")
    @classmethod
    def _in_our_time(cls, moment: datetime) -> datetime:
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise ValueError(f"the year must be between {_FIRST_YEAR} and {_LAST_YEAR}")
        return moment

    @field_validator("end")
    @classmethod
    def _end_after_start(cls, end: datetime, info: ValidationInfo) -> datetime:
        start, zone = info.data.get("start"), info.data.get("time_zone", "UTC")
        if isinstance(start, datetime) and _utc(end, zone) <= _utc(start, zone):
            raise ValueError("the end must be after the start")
        return end

    @property
    def posts_per_day(self) -> int:
        return self.max_posts_per_day or MAX_POSTS_PER_DAY

    def start_utc(self) -> datetime:
        return _utc(self.start, self.time_zone)

    def end_utc(self) -> datetime:
        return _utc(self.end, self.time_zone)

    def told(self, moment: datetime) -> str:
        """A moment in words, as a clock in the time zone shows it: ``Monday, 02 March 2026, 10:30 CET``."""
        return moment.astimezone(ZoneInfo(self.time_zone)).strftime("%A, %d %B %Y, %H:%M %Z")


def is_zone(name: str) -> bool:
    """Whether it is one of ``available_timezones()``, which finds out by reading the whole database from disk."""
    if name.startswith(("posix/", "right/")) or name == "posixrules":
        return False  # in some databases: other forms of the same zones
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # no such file, no path within the database, or a folder
        return False
    return True


def _utc(moment: datetime, zone: str) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
