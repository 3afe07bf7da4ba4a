"""Any valid schedule, any posts: the times keep every rule, or the reason why there are none is true."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.calendar import SlotRequest, open_days, open_minutes, posting_slots, validate_slots
from lambdas.domain.errors import InvalidInputError
from lambdas.domain.ids import PersonaId
from lambdas.domain.models.schedule import Hours, PlatformHours, Schedule, Weekday
from lambdas.domain.platforms import Platform

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "America/Santiago",
    "Africa/Khartoum",
)
# Times around which something happens: the two changes of the clock, year's end, and any time at all.
MOMENTS = st.one_of(
    st.datetimes(datetime(2026, 3, 1), datetime(2026, 4, 10)),
    st.datetimes(datetime(2026, 10, 1), datetime(2026, 11, 10)),
    st.datetimes(datetime(2026, 12, 20), datetime(2027, 1, 10)),
    st.datetimes(datetime(2000, 1, 10), datetime(2035, 1, 1)),
)


WEEKDAYS = st.none() | st.sets(st.sampled_from(list(Weekday)), min_size=1).map(lambda days: tuple(sorted(days)))
CLOCK = st.integers(0, 24 * 60).map(lambda minutes: f"{minutes // 60:02d}:{minutes % 60:02d}")
HOURS = st.none() | st.lists(CLOCK, min_size=2, max_size=2, unique=True).map(
    lambda times: Hours(start=min(times), end=max(times))
)
OF_PLATFORMS = st.none() | st.dictionaries(
    st.sampled_from(list(Platform)), st.builds(PlatformHours, days=WEEKDAYS, hours=HOURS), max_size=4
)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    start = draw(MOMENTS)
    # At least two hours, so that a change of the clock cannot put the end before the start.
    length = draw(
        st.one_of(
            st.timedeltas(timedelta(hours=2), timedelta(days=2)), st.timedeltas(timedelta(days=2), timedelta(days=9))
        )
    )
    days = st.integers(0, length.days + 1).map(lambda n: start.date() + timedelta(days=n))
    return Schedule(
        time_zone=draw(st.sampled_from(ZONES)),
        start=start,
        end=start + length,
        blackout_dates=tuple(draw(st.lists(days, max_size=5))),
        holiday_country=draw(st.sampled_from([None, None, "DE", "US", "JP"])),
        days=draw(WEEKDAYS),
        hours=draw(HOURS),
        platforms=draw(OF_PLATFORMS),
    )


REQUESTS = st.lists(
    st.builds(
        SlotRequest,
        st.sampled_from(list(Platform)),
        st.sampled_from([PersonaId(name) for name in ("anna", "ben", "cleo")]),
    ),
    max_size=60,
)


def holidays_of(schedule: Schedule) -> set[date]:
    import holidays

    if schedule.holiday_country is None:
        return set()
    years = range(schedule.start.year - 1, schedule.end.year + 2)
    return set(holidays.country_holidays(schedule.holiday_country, years=years))


def hours_there(schedule: Schedule, platform: Platform) -> tuple[set[str], time, time]:
    """The rule in other words: weekdays, from, and until when; ``time.max`` is the end of the day."""
    work, all_days = {"mon", "tue", "wed", "thu", "fri"}, {day.value for day in Weekday}
    days, opens, closes = {
        Platform.LINKEDIN: (work, time(9), time(17)),
        Platform.BLOG: (work, time(9), time(17)),
        Platform.EMAIL: (all_days - {"sun"}, time(8), time(20)),
        Platform.SMS: (all_days - {"sun"}, time(10), time(17)),
    }.get(platform, (all_days, time(8), time(20)))
    own = (schedule.platforms or {}).get(platform)
    for said in (schedule, own):
        if said and said.days:
            days = {day.value for day in said.days}
        if said and said.hours:
            opens = time.fromisoformat(said.hours.start)
            closes = time.max if said.hours.end == "24:00" else time.fromisoformat(said.hours.end)
    return days, opens, closes


def open_minutes_one_by_one(schedule: Schedule, platform: Platform) -> list[datetime]:
    """The same question asked the slow way: of every minute of the window."""
    zone, closed = ZoneInfo(schedule.time_zone), set(schedule.blackout_dates) | holidays_of(schedule)
    days, opens, closes = hours_there(schedule, platform)
    start, end = schedule.start_utc(), schedule.end_utc()
    moment = start.replace(second=0, microsecond=0)
    found = []
    while moment <= end:
        there = moment.astimezone(zone)
        on_a_day = there.strftime("%a").lower() in days and there.date() not in closed
        if moment >= start and on_a_day and opens <= there.time() < closes:
            found.append(moment)
        moment += timedelta(minutes=1)
    return found


def crowded(requests: Sequence[SlotRequest], allowed: dict[Platform, list[datetime]]) -> bool:
    """Whether some minutes would have to be shared, if each platform's posts are spread over its own. Where the
    hours of platforms differ, rounding may cost a minute for each of them."""
    most = max(Counter(request.persona_id for request in requests).values())
    fewest = min(len(minutes) for minutes in allowed.values())
    same = len({tuple(minutes) for minutes in allowed.values()}) == 1
    return most > fewest if same else most > fewest // 2 - len(allowed)


@settings(max_examples=150, deadline=None)
@given(schedules(), st.sampled_from(list(Platform)))
def test_what_is_open_is_open_by_the_clock_on_the_wall(schedule: Schedule, platform: Platform) -> None:
    allowed = open_minutes_one_by_one(schedule, platform)
    zone = ZoneInfo(schedule.time_zone)
    try:
        assert open_minutes(schedule, platform) == len(allowed)
    except InvalidInputError:
        assert not allowed
        return
    assert open_days(schedule, platform, enough=100) == len({moment.astimezone(zone).date() for moment in allowed})


@settings(max_examples=150, deadline=None)
@given(schedules(), REQUESTS, st.none() | st.floats(0, 1.2))
def test_the_times_keep_every_rule(schedule: Schedule, requests: list[SlotRequest], part: float | None) -> None:
    platforms = {request.platform for request in requests}
    allowed = {platform: open_minutes_one_by_one(schedule, platform) for platform in platforms}
    length = schedule.end_utc() - schedule.start_utc()
    deadline = None if part is None else schedule.start_utc() + length * part
    try:
        slots = posting_slots(schedule, requests, deadline)
    except InvalidInputError as error:
        field = error.errors[0].field
        if all(allowed.values()):
            assert field == "postCount"
            assert crowded(requests, allowed)
        else:
            assert field.startswith("schedule")
        return
    times = [slot.at for slot in slots]
    assert sorted(slot[:2] for slot in slots) == sorted(requests)
    assert times == sorted(times)
    assert all(slot.at in allowed[slot.platform] and slot.at.tzinfo is UTC for slot in slots)
    pairs = Counter((slot.persona_id, slot.at) for slot in slots)
    assert all(count == 1 for count in pairs.values())
    assert validate_slots(schedule, slots, deadline) == []
    assert posting_slots(schedule, requests, deadline) == slots


@settings(max_examples=100, deadline=None)
@given(schedules(), REQUESTS)
def test_plans_of_before_stay_as_they_were(schedule: Schedule, requests: list[SlotRequest]) -> None:
    """Where all platforms have the same hours, the order of the requests is the order of time."""
    try:
        slots = posting_slots(schedule.as_before(), requests)
    except InvalidInputError:
        return
    assert [slot[:2] for slot in slots] == requests


@settings(max_examples=100, deadline=None)
@given(schedules(), st.lists(st.sampled_from(["anna", "ben"]), min_size=2, max_size=40), st.data())
def test_a_moved_post_is_noticed(schedule: Schedule, personas: list[str], data: st.DataObject) -> None:
    requests = [SlotRequest(Platform.X, PersonaId(persona)) for persona in personas]
    try:
        slots = posting_slots(schedule, requests)
    except InvalidInputError:
        return
    index = data.draw(st.integers(0, len(slots) - 1))
    outside = data.draw(
        st.sampled_from([schedule.start_utc() - timedelta(minutes=1), schedule.end_utc() + timedelta(minutes=1)])
    )
    moved = [*slots[:index], slots[index]._replace(at=outside), *slots[index + 1 :]]
    assert any(f"post {index + 1} at" in problem for problem in validate_slots(schedule, moved))
