"""Any valid schedule, any posts: the times keep every rule, or the reason why there are none is true."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.calendar import SlotRequest, posting_slots, validate_slots
from lambdas.domain.errors import InvalidInputError
from lambdas.domain.ids import PersonaId
from lambdas.domain.models.schedule import Schedule
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


def open_minutes_one_by_one(schedule: Schedule) -> list[datetime]:
    """The same question asked the slow way: of every minute of the window."""
    zone, closed = ZoneInfo(schedule.time_zone), set(schedule.blackout_dates) | holidays_of(schedule)
    start, end = schedule.start_utc(), schedule.end_utc()
    moment = start.replace(second=0, microsecond=0)
    found = []
    while moment <= end:
        there = moment.astimezone(zone)
        if moment >= start and time(8) <= there.time() < time(20) and there.date() not in closed:
            found.append(moment)
        moment += timedelta(minutes=1)
    return found


def needed_minutes(requests: Sequence[SlotRequest]) -> int:
    """Minutes that any order-keeping plan needs: at least those of the busiest persona."""
    return max(Counter(request.persona_id for request in requests).values(), default=0)


@settings(max_examples=100, deadline=None)
@given(schedules(), REQUESTS)
def test_the_times_keep_every_rule(schedule: Schedule, requests: list[SlotRequest]) -> None:
    allowed = open_minutes_one_by_one(schedule)
    try:
        slots = posting_slots(schedule, requests)
    except InvalidInputError as error:
        field = error.errors[0].field
        assert field.startswith("schedule") if not allowed else (field == "postCount" and len(requests) > len(allowed))
        return
    assert len(slots) == len(requests)
    assert slots == sorted(slots)
    assert set(slots) <= set(allowed)
    assert all(slot.tzinfo is UTC for slot in slots)
    pairs = Counter((request.persona_id, slot) for request, slot in zip(requests, slots, strict=True))
    assert all(count == 1 for count in pairs.values())
    assert needed_minutes(requests) <= len(allowed)
    assert validate_slots(schedule, requests, slots) == []
    assert posting_slots(schedule, requests) == slots


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
    moved = [*slots[:index], outside, *slots[index + 1 :]]
    assert any(f"post {index + 1} at" in problem for problem in validate_slots(schedule, requests, moved))
