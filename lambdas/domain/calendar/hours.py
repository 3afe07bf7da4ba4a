"""The times at which a campaign may post."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby, islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambdas.domain.errors import FieldError, InvalidInputError
from lambdas.domain.models.schedule import Schedule

OPENS = time(8)
CLOSES = time(20)
"""Local wall-clock time; a post may go out at ``OPENS`` and must be out before ``CLOSES``."""
MAX_WINDOW_DAYS = 3_660
"""Ten years: a longer schedule must be a typing mistake."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)


class Span(NamedTuple):
    """UTC minutes since 1970 from ``start`` up to, and without, ``end``."""

    start: int
    end: int


def to_minute(moment: datetime) -> int:
    """The minute that contains ``moment``."""
    return (moment - _EPOCH) // _MINUTE


def from_minute(minute: int) -> datetime:
    return _EPOCH + minute * _MINUTE


def open_spans(schedule: Schedule) -> list[Span]:
    """The minutes of the window that are within working hours of a day that is neither blacked out nor a holiday.

    In order, without overlap, none empty. Raises ``InvalidInputError`` if nothing is left, if the window is too long,
    or if the holidays of the country are not known.
    """
    return list(_spans(schedule))


def open_minutes(schedule: Schedule, *, enough: int | None = None) -> int:
    """How many minutes of the window are open, which is how many posts one persona can publish. Raises as
    ``open_spans``.

    With ``enough``, counting stops there, which for a window of years is a thousandth of the work.
    """
    minutes = 0
    for span in _spans(schedule):
        minutes += span.end - span.start
        if enough is not None and minutes >= enough:
            break
    return minutes


def open_days(schedule: Schedule, *, enough: int) -> int:
    """On how many days of the window the campaign may post, counted up to ``enough``. Raises as ``open_spans``."""
    zone = ZoneInfo(schedule.time_zone)
    days = (day for day, _ in groupby(_spans(schedule), lambda span: from_minute(span.start).astimezone(zone).date()))
    return sum(1 for _ in islice(days, enough))


def _spans(schedule: Schedule) -> Iterator[Span]:
    window = _window(schedule)
    closed = set(schedule.blackout_dates) | _holidays(schedule, window)
    spans = _working_hours(schedule, window, closed)
    first = next(spans, None)
    if first is None:
        raise _nothing_open(schedule, window)
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


def _working_hours(schedule: Schedule, window: Span, closed: set[date]) -> Iterator[Span]:
    zone = ZoneInfo(schedule.time_zone)
    for day in _local_days(schedule, window):
        if day in closed:
            continue
        for span in _open_on(day, zone):
            start, end = max(span.start, window.start), min(span.end, window.end)
            if start < end:
                yield Span(start, end)


def _open_on(day: date, zone: ZoneInfo) -> Iterator[Span]:
    opens, closes = datetime.combine(day, OPENS, zone), datetime.combine(day, CLOSES, zone)
    start, end = to_minute(opens.astimezone(UTC)), to_minute(closes.astimezone(UTC))
    if (
        opens.utcoffset() == closes.utcoffset()
        and end - start == _minutes(OPENS, CLOSES)
        and _is_open(start, day, zone)
    ):
        yield Span(start, end)
        return
    # The clock changes within working hours, or the day does not exist (Samoa skipped 30 December 2011): so rare that
    # checking every minute is acceptable.
    run: int | None = None
    for minute in range(start - 24 * 60, end + 24 * 60 + 1):
        if _is_open(minute, day, zone):
            run = minute if run is None else run
        elif run is not None:
            yield Span(run, minute)
            run = None


def _is_open(minute: int, day: date, zone: ZoneInfo) -> bool:
    local = from_minute(minute).astimezone(zone)
    return local.date() == day and OPENS <= local.time() < CLOSES


def _minutes(start: time, end: time) -> int:
    return (end.hour - start.hour) * 60 + end.minute - start.minute


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


def _nothing_open(schedule: Schedule, window: Span) -> InvalidInputError:
    without_blackouts = next(_working_hours(schedule, window, _holidays(schedule, window)), None)
    if without_blackouts and schedule.blackout_dates:
        field, message = "schedule.blackoutDates", "every day of the campaign is blacked out"
    elif next(_working_hours(schedule, window, set()), None):
        field, message = "schedule", "every day of the campaign is blacked out or a public holiday"
    else:
        hours = f"{OPENS:%H:%M} to {CLOSES:%H:%M} {schedule.time_zone}"
        field, message = "schedule", f"the campaign has no minute within working hours ({hours})"
    return InvalidInputError(f"{field}: {message}", errors=[FieldError(field, message)])
