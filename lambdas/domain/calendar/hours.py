"""The time in which a campaign may post on a platform."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, groupby, islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambdas.domain.errors import FieldError, InvalidInputError
from lambdas.domain.models.schedule import PostingHours, Schedule, Weekday
from lambdas.domain.platforms import LABELS, Platform

MAX_WINDOW_DAYS = 3_660
"""Ten years: a longer schedule must be a typing mistake."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


class Span(NamedTuple):
    """UTC minutes since 1970 from ``start`` up to, and without, ``end``."""

    start: int
    end: int


class OpenTime:
    """Open minutes of a window, counted from its first one, which is 0."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self._spans = spans
        self._starts = [span.start for span in spans]
        self._counts = [0, *accumulate(span.end - span.start for span in spans)]
        self.total = self._counts[-1]

    def minute(self, number: int) -> int:
        """The UTC minute that the open minute of that number is."""
        place = bisect_right(self._counts, number) - 1
        return self._starts[place] + number - self._counts[place]

    def count_until(self, minute: int) -> int:
        """How many open minutes there are up to ``minute``, which is counted too if it is open."""
        place = bisect_right(self._starts, minute) - 1
        if place < 0:
            return 0
        return self._counts[place] + min(minute + 1, self._spans[place].end) - self._starts[place]

    def has(self, minute: int) -> bool:
        return self.count_until(minute) > self.count_until(minute - 1)


def to_minute(moment: datetime) -> int:
    """The minute that contains ``moment``."""
    return (moment - _EPOCH) // _MINUTE


def from_minute(minute: int) -> datetime:
    return _EPOCH + minute * _MINUTE


def open_spans(schedule: Schedule, platform: Platform) -> list[Span]:
    """The minutes of the window that are within the platform's hours, on one of its days of the week that is neither
    blacked out nor a holiday.

    In order, without overlap, none empty. Raises ``InvalidInputError`` if nothing is left, if the window is too long,
    or if the holidays of the country are not known.
    """
    return list(_spans(schedule, platform))


def open_minutes(schedule: Schedule, platform: Platform, *, enough: int | None = None) -> int:
    """How many minutes of the window are open: as many posts one persona can publish there. Raises as ``open_spans``.

    With ``enough``, counting stops there, which for a window of years is a thousandth of the work.
    """
    minutes = 0
    for span in _spans(schedule, platform):
        minutes += span.end - span.start
        if enough is not None and minutes >= enough:
            break
    return minutes


def open_days(schedule: Schedule, platform: Platform, *, enough: int) -> int:
    """On how many days of the window one may post there, counted up to ``enough``. Raises as ``open_spans``."""
    zone = ZoneInfo(schedule.time_zone)
    spans = _spans(schedule, platform)
    days = (day for day, _ in groupby(spans, lambda span: from_minute(span.start).astimezone(zone).date()))
    return sum(1 for _ in islice(days, enough))


def time_problem(schedule: Schedule, platform: Platform, moment: datetime) -> str | None:
    """Why a post may not go out on the platform at ``moment``; ``None`` if it may. Raises as ``open_spans``."""
    minute = to_minute(moment)
    window = _window(schedule)
    if not window.start <= minute < window.end:
        first, last = schedule.told(schedule.start_utc()), schedule.told(schedule.end_utc())
        return f"the campaign runs from {first} to {last}"
    day = moment.astimezone(ZoneInfo(schedule.time_zone)).date()
    if day in schedule.blackout_dates or day in _holidays(schedule, window):
        return f"{day.isoformat()} is blacked out or a public holiday"
    if any(span.start <= minute < span.end for span in _spans(schedule, platform)):
        return None
    return f"{LABELS[platform]} is posted to {schedule.hours_of(platform).told()} {schedule.time_zone}"


def _spans(schedule: Schedule, platform: Platform) -> Iterator[Span]:
    window = _window(schedule)
    closed = set(schedule.blackout_dates) | _holidays(schedule, window)
    spans = _within_hours(schedule, platform, window, closed)
    first = next(spans, None)
    if first is None:
        raise _nothing_open(schedule, platform, window)
    yield first
    yield from spans


def _window(schedule: Schedule) -> Span:
    start, end = schedule.start_utc(), schedule.end_utc()
    if end - start > timedelta(days=MAX_WINDOW_DAYS):
        message = f"the campaign may run for at most {MAX_WINDOW_DAYS} days"
        raise InvalidInputError(f"schedule.end: {message}", errors=[FieldError("schedule.end", message)])
    # Both ends belong to the window; a start within a minute means the next whole one.
    first = to_minute(start) + (1 if start.second or start.microsecond else 0)
    return Span(first, to_minute(end) + 1)


def _local_days(schedule: Schedule, window: Span) -> Iterator[date]:
    zone = ZoneInfo(schedule.time_zone)
    day = from_minute(window.start).astimezone(zone).date()
    last = from_minute(window.end).astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _within_hours(schedule: Schedule, platform: Platform, window: Span, closed: set[date]) -> Iterator[Span]:
    zone, hours = ZoneInfo(schedule.time_zone), schedule.hours_of(platform)
    weekdays = {tuple(Weekday).index(day) for day in hours.days}
    for day in _local_days(schedule, window):
        if day in closed or day.weekday() not in weekdays:
            continue
        for span in _open_on(day, zone, hours):
            start, end = max(span.start, window.start), min(span.end, window.end)
            if start < end:
                yield Span(start, end)


def _open_on(day: date, zone: ZoneInfo, hours: PostingHours) -> Iterator[Span]:
    midnight = datetime.combine(day, time.min, zone)
    # Adding to an aware time moves the clock on the wall (docs.python.org/3/library/datetime.html).
    opens, closes = midnight + timedelta(minutes=hours.opens), midnight + timedelta(minutes=hours.closes)
    start, end = to_minute(opens.astimezone(UTC)), to_minute(closes.astimezone(UTC))
    if (
        opens.utcoffset() == closes.utcoffset()
        and end - start == hours.closes - hours.opens
        and _is_open(start, day, zone, hours)
    ):
        yield Span(start, end)
        return
    # The clock jumps within these hours, or the day does not exist (Samoa skipped 30 December 2011):
    # so rare that every minute can be asked.
    run: int | None = None
    for minute in range(start - 24 * 60, end + 24 * 60 + 1):
        if _is_open(minute, day, zone, hours):
            run = minute if run is None else run
        elif run is not None:
            yield Span(run, minute)
            run = None


def _is_open(minute: int, day: date, zone: ZoneInfo, hours: PostingHours) -> bool:
    local = from_minute(minute).astimezone(zone)
    return local.date() == day and hours.opens <= local.hour * 60 + local.minute < hours.closes


def _holidays(schedule: Schedule, window: Span) -> set[date]:
    if schedule.holiday_country is None:
        return set()
    years = {day.year for day in _local_days(schedule, window)}
    try:
        return set().union(*(_public_holidays(schedule.holiday_country, year) for year in years))
    except NotImplementedError:
        message = f"the public holidays of {schedule.holiday_country} are not known"
        field = FieldError("schedule.holidayCountry", message)
        raise InvalidInputError(f"{field.field}: {message}", errors=[field]) from None


@lru_cache(maxsize=64)
def _public_holidays(country: str, year: int) -> frozenset[date]:
    # Importing it takes a third of a second, and most campaigns name no country.
    import holidays

    return frozenset(holidays.country_holidays(country, years=year))


def _nothing_open(schedule: Schedule, platform: Platform, window: Span) -> InvalidInputError:
    holidays, nothing = _holidays(schedule, window), set[date]()
    hours = f"{schedule.hours_of(platform).told()} {schedule.time_zone}"
    without_blackouts = next(_within_hours(schedule, platform, window, holidays), None)
    if without_blackouts and schedule.blackout_dates:
        field, message = "schedule.blackoutDates", "every day of the campaign is blacked out"
    elif next(_within_hours(schedule, platform, window, nothing), None):
        field, message = "schedule", "every day of the campaign is blacked out or a public holiday"
    else:
        field = "schedule.days" if schedule.days else "schedule.hours" if schedule.hours else "schedule"
        own = (schedule.platforms or {}).get(platform)
        field = f"schedule.platforms.{platform.value}" if own else field
        message = (
            f"the campaign has no minute in which {LABELS[platform]} is posted to ({hours}); "
            f"choose another window, or other days and hours with schedule.platforms.{platform.value}"
        )
    return InvalidInputError(f"{field}: {message}", errors=[FieldError(field, message)])
