"""When a campaign's posts go out: its window, the days and hours of each platform, and how many posts fit in."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from lambdas.domain.ids import shaped
from lambdas.domain.models.base import Day, Integer, Model, WallTime
from lambdas.domain.platforms import Platform

MAX_POSTS = 10_000
MAX_POSTS_PER_DAY = 50
"""On each channel, unless the brief says otherwise: one in a quarter of an hour of the twelve in which posts go out."""

_FIRST_YEAR, _LAST_YEAR = 2000, 2999
"""Away from the ends of the calendar, where a time zone's offset leads out of it."""


_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _end_of_day(value: Any) -> Any:
    return f"{value}T23:59:59" if isinstance(value, str) and _DATE.fullmatch(value) else value


def _in_our_time(moment: datetime) -> datetime:
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"the year must be between {_FIRST_YEAR} and {_LAST_YEAR}")
    return moment


Deadline = Annotated[
    WallTime,
    BeforeValidator(_end_of_day),
    AfterValidator(_in_our_time),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?)?$",
            "description": "A date (its end is meant), or ISO-8601; without an offset in the schedule's timeZone.",
        }
    ),
]


class Cadence(Model):
    """How often to post when the brief does not say how many posts it wants."""

    posts: Annotated[Integer, Field(ge=1, le=1_000)]
    per: Literal["day", "week"] = "day"


class Weekday(StrEnum):
    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


_ORDER = tuple(Weekday)
EVERY_DAY, WORKING_DAYS = _ORDER, _ORDER[:5]


def _each_once(days: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
    if len(set(days)) != len(days):
        raise ValueError("each day may be named once")
    return days


Weekdays = Annotated[tuple[Weekday, ...], Field(min_length=1, max_length=len(Weekday)), AfterValidator(_each_once)]
ClockTime = Annotated[str, shaped(r"^([01]\d|2[0-3]):[0-5]\d$", "a time of day from 00:00 to 23:59, like 09:30")]
ClosingTime = Annotated[
    str, shaped(r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$", "a time of day from 00:01 to 24:00, like 17:30")
]


class Hours(Model):
    """Wall-clock times of one day: a post may go out at ``start``, and goes out before ``end``."""

    start: ClockTime
    end: ClosingTime

    @field_validator("end")
    @classmethod
    def _later(cls, end: str, info: ValidationInfo) -> str:
        if end <= info.data.get("start", ""):
            raise ValueError("must be later than the start, on the same day")
        return end


class PlatformHours(Model):
    """On which days and in which hours one platform is posted to; what is left out is as for the campaign."""

    days: Weekdays | None = None
    hours: Hours | None = None


class PostingHours(NamedTuple):
    """What holds for one platform of a campaign."""

    days: tuple[Weekday, ...]
    opens: int
    """Minutes since midnight, by the clock on the wall."""
    closes: int
    """The first minute that is not open any more; 1,440 is the end of the day."""

    def told(self) -> str:
        """``mon to fri, 09:00 to 17:00``."""
        numbers = [_ORDER.index(day) for day in self.days]
        running = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1))
        days = f"{self.days[0]} to {self.days[-1]}" if running else ", ".join(self.days)
        return f"{days}, {_clock(self.opens)} to {_clock(self.closes)}"


_DAYTIME = PostingHours(EVERY_DAY, 8 * 60, 20 * 60)
"""What held for every platform before there were hours for each, and holds for those that people read at leisure."""
DEFAULT_HOURS: Mapping[Platform, PostingHours] = MappingProxyType(
    dict.fromkeys(Platform, _DAYTIME)
    | {
        Platform.LINKEDIN: PostingHours(WORKING_DAYS, 9 * 60, 17 * 60),
        Platform.BLOG: PostingHours(WORKING_DAYS, 9 * 60, 17 * 60),
        Platform.EMAIL: PostingHours(_ORDER[:6], 8 * 60, 20 * 60),
        Platform.SMS: PostingHours(_ORDER[:6], 10 * 60, 17 * 60),
    }
)
"""Unless the brief says otherwise. LinkedIn and blogs are read at work. A text message rings: its hours are open
wherever marketing by telephone has legal hours that we know of, by the clock of the campaign's time zone (US federal 8
to 21, 47 CFR 64.1200(c)(1), and no Sunday in AL, LA and MS; Kentucky 10 to 21; Canada 9:00 to 21:30, weekends 10 to 18;
Australia 9 to 20, Saturdays 9 to 17, no Sunday; French marketing SMS not 22 to 8 nor on Sundays; India 10 to 21). No
legal hours are known for mail."""


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

    days: Weekdays | None = None
    """Days of the week on which posts go out, on every platform that ``platforms`` says nothing else of."""
    hours: Hours | None = None
    """The same for the hours."""
    platforms: dict[Platform, PlatformHours] | None = None
    """Of one platform. What neither says is by platform: LinkedIn and blog mon to fri, 09:00 to 17:00; email mon to
    sat, 08:00 to 20:00; SMS mon to sat, 10:00 to 17:00; all others every day, 08:00 to 20:00."""

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        if not is_zone(zone):
            raise ValueError(f"there is no time zone {zone!r} in the IANA database; use a name like Europe/Berlin")
        return zone

    @field_validator("start", "end")
    @classmethod
    def _in_our_time(cls, moment: datetime) -> datetime:
        return _in_our_time(moment)

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

    def hours_of(self, platform: Platform) -> PostingHours:
        """On which days, and in which hours, ``platform`` is posted to."""
        own, default = (self.platforms or {}).get(platform, PlatformHours()), DEFAULT_HOURS[platform]
        days, hours = own.days or self.days or default.days, own.hours or self.hours
        opens, closes = (_minutes(hours.start), _minutes(hours.end)) if hours else (default.opens, default.closes)
        return PostingHours(tuple(sorted(days, key=_ORDER.index)), opens, closes)

    def as_before(self) -> Self:
        """As schedules were planned before there were days and hours: every day from 08:00 to 20:00, everywhere."""
        everywhere = Hours(start=_clock(_DAYTIME.opens), end=_clock(_DAYTIME.closes))
        return self.model_copy(update={"days": EVERY_DAY, "hours": everywhere, "platforms": None})

    def to_utc(self, moment: datetime) -> datetime:
        """``moment`` without an offset is a time on the wall in the schedule's zone."""
        return _utc(moment, self.time_zone)

    def start_utc(self) -> datetime:
        return _utc(self.start, self.time_zone)

    def end_utc(self) -> datetime:
        return _utc(self.end, self.time_zone)

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.time_zone))

    def told(self, moment: datetime) -> str:
        """A moment in words, as a clock in the time zone shows it: ``Monday, 02 March 2026, 10:30 CET``."""
        return self.local(moment).strftime("%A, %d %B %Y, %H:%M %Z")


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


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
