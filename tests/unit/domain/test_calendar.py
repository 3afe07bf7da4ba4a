from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lambdas.domain.calendar import (
    MINIMUM_GAP_MINUTES,
    Slot,
    SlotRequest,
    open_minutes,
    planned_count,
    validate_slots,
)
from lambdas.domain.calendar import posting_slots as placed
from lambdas.domain.errors import InvalidInputError
from lambdas.domain.ids import PersonaId
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.models.schedule import MAX_POSTS, Schedule
from lambdas.domain.platforms import Platform
from tests.support.effort import growth
from tests.support.samples import plain_brief

ANNA, BEN = PersonaId("anna"), PersonaId("ben")


def schedule(start: str, end: str, zone: str = "Europe/Berlin", **fields: Any) -> Schedule:
    return Schedule.model_validate({"time_zone": zone, "start": start, "end": end, **fields})


def requests(count: int, platform: Platform = Platform.X, persona: PersonaId = ANNA) -> list[SlotRequest]:
    return [SlotRequest(platform, persona)] * count


def posting_slots(when: Schedule, wanted: list[SlotRequest]) -> list[datetime]:
    return [slot.at for slot in placed(when, wanted)]


def given(wanted: list[SlotRequest], times: list[datetime]) -> list[Slot]:
    return [Slot(*request, at) for request, at in zip(wanted, times, strict=True)]


def local(slots: list[datetime], zone: str = "Europe/Berlin") -> list[str]:
    return [slot.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M") for slot in slots]


def fields_of(error: pytest.ExceptionInfo[InvalidInputError]) -> list[str]:
    return [field.field for field in error.value.errors]


class TestHours:
    def test_posts_are_spread_over_working_hours(self) -> None:
        week = schedule("2026-06-01T00:00", "2026-06-04T00:00")
        slots = posting_slots(week, requests(6))
        assert local(slots) == [
            "06-01 11:00",
            "06-01 17:00",
            "06-02 11:00",
            "06-02 17:00",
            "06-03 11:00",
            "06-03 17:00",
        ]
        assert all(slot.tzinfo is UTC for slot in slots)

    def test_the_window_may_begin_and_end_within_a_day(self) -> None:
        short = schedule("2026-06-01T19:00:30", "2026-06-02T08:01:59")
        assert open_minutes(short, Platform.X) == 59 + 2
        slots = posting_slots(short, requests(61))
        assert local([slots[0], slots[-1]]) == ["06-01 19:01", "06-02 08:01"]

    def test_both_ends_belong_to_the_window(self) -> None:
        minute = schedule("2026-06-01T10:00", "2026-06-01T10:00:01")
        assert local(posting_slots(minute, requests(1))) == ["06-01 10:00"]

    def test_blackout_dates_and_holidays_are_left_out(self) -> None:
        # 1 May is a holiday in Germany, 2 May is blacked out.
        spring = schedule(
            "2026-05-01T00:00", "2026-05-04T00:00", holiday_country="DE", blackout_dates=(date(2026, 5, 2),)
        )
        assert {text[:5] for text in local(posting_slots(spring, requests(20)))} == {"05-03"}

    def test_a_holiday_is_one_of_the_local_day(self) -> None:
        # Independence Day begins in Los Angeles when it is already the 4th elsewhere.
        july = schedule("2026-07-03T00:00", "2026-07-06T00:00", "America/Los_Angeles", holiday_country="US")
        days = {text[:5] for text in local(posting_slots(july, requests(20)), "America/Los_Angeles")}
        assert days == {"07-05"}  # the 4th is a Saturday, so the 3rd is observed as well


class TestDaylightSaving:
    @pytest.mark.parametrize(
        ("zone", "start", "end"),
        [
            ("Europe/Berlin", "2026-03-28T00:00", "2026-03-31T00:00"),
            ("Europe/Berlin", "2026-10-24T00:00", "2026-10-27T00:00"),
            ("America/New_York", "2026-03-07T00:00", "2026-03-10T00:00"),
            ("Australia/Lord_Howe", "2026-10-03T00:00", "2026-10-06T00:00"),
        ],
    )
    def test_every_day_has_its_twelve_hours(self, zone: str, start: str, end: str) -> None:
        change = schedule(start, end, zone)
        assert open_minutes(change, Platform.X) == 3 * 12 * 60
        assert open_minutes(change, Platform.X, enough=12 * 60 + 1) == 2 * 12 * 60  # the third day is not looked at
        times = {text[6:] for text in local(posting_slots(change, requests(3)), zone)}
        assert times == {"14:00"}

    def test_a_clock_that_jumps_within_working_hours(self) -> None:
        # Sudan moved its clocks from 12:00 to 13:00 on 15 January 2000.
        sudan = schedule("2000-01-15T00:00", "2000-01-16T00:00", "Africa/Khartoum")
        assert open_minutes(sudan, Platform.X) == 11 * 60
        slots = posting_slots(sudan, requests(660))
        assert validate_slots(sudan, given(requests(660), slots)) == []
        times = [text[6:] for text in local(slots, "Africa/Khartoum")]
        assert (times[0], times[-1]) == ("08:00", "19:59")
        assert not any(text.startswith("12:") for text in times)

    def test_a_day_that_does_not_exist(self) -> None:
        # Samoa went from 29 to 31 December 2011.
        samoa = schedule("2011-12-29T00:00", "2012-01-01T00:00", "Pacific/Apia")
        assert open_minutes(samoa, Platform.X) == 2 * 12 * 60
        days = [text[:5] for text in local(posting_slots(samoa, requests(4)), "Pacific/Apia")]
        assert days == ["12-29", "12-29", "12-31", "12-31"]


class TestNothingOpen:
    def test_all_blacked_out(self) -> None:
        dark = schedule("2026-06-01T00:00", "2026-06-02T00:00", blackout_dates=(date(2026, 6, 1),))
        with pytest.raises(InvalidInputError) as error:
            posting_slots(dark, requests(1))
        assert fields_of(error) == ["schedule.blackoutDates"]

    def test_only_holidays(self) -> None:
        christmas = schedule("2026-12-25T00:00", "2026-12-26T23:59", holiday_country="DE")
        with pytest.raises(InvalidInputError, match="public holiday") as error:
            posting_slots(christmas, requests(1))
        assert fields_of(error) == ["schedule"]

    def test_only_night(self) -> None:
        night = schedule("2026-06-01T20:00", "2026-06-02T07:59:59")
        with pytest.raises(InvalidInputError, match=r"mon to sun, 08:00 to 20:00 Europe/Berlin") as error:
            posting_slots(night, requests(1))
        assert fields_of(error) == ["schedule"]

    def test_a_country_whose_holidays_nobody_lists(self) -> None:
        unknown = schedule("2026-06-01T00:00", "2026-06-02T00:00", holiday_country="XX")
        with pytest.raises(InvalidInputError, match="XX") as error:
            posting_slots(unknown, requests(1))
        assert fields_of(error) == ["schedule.holidayCountry"]

    def test_a_window_of_centuries(self) -> None:
        long = schedule("2026-06-01T00:00", "2626-06-02T00:00")
        with pytest.raises(InvalidInputError) as error:
            posting_slots(long, requests(1))
        assert fields_of(error) == ["schedule.end"]


class TestGaps:
    def test_every_platform_has_one(self) -> None:
        assert set(MINIMUM_GAP_MINUTES) == set(Platform)

    def test_posts_of_a_platform_keep_their_distance(self) -> None:
        week = schedule("2026-06-01T00:00", "2026-06-08T00:00")
        wanted = requests(3, Platform.EMAIL) + requests(40, Platform.X) + requests(3, Platform.EMAIL)
        slots = placed(week, wanted)
        mails = [slot.at for slot in slots if slot.platform is Platform.EMAIL]
        assert min(b - a for a, b in pairwise(mails)) >= timedelta(minutes=720)
        posts = [slot.at for slot in slots if slot.platform is Platform.X]
        assert min(b - a for a, b in pairwise(posts)) >= timedelta(minutes=30)

    def test_they_shrink_when_there_is_no_room(self) -> None:
        hour = schedule("2026-06-01T10:00", "2026-06-01T10:59")
        slots = posting_slots(hour, requests(20, Platform.SMS))
        assert validate_slots(hour, given(requests(20, Platform.SMS), slots)) == []
        assert min(b - a for a, b in pairwise(slots)) >= timedelta(minutes=2)

    def test_they_are_counted_in_open_time(self) -> None:
        # 19:30 and 08:00 are half an hour of open time apart, not a night.
        two_days = schedule("2026-06-01T19:30", "2026-06-02T08:00")
        assert local(posting_slots(two_days, requests(2))) == ["06-01 19:30", "06-02 08:00"]


class TestPersonas:
    def test_one_per_minute_and_persona(self) -> None:
        ten = schedule("2026-06-01T10:00", "2026-06-01T10:09")
        wanted = [SlotRequest(Platform.X, persona) for _ in range(10) for persona in (ANNA, BEN)]
        slots = posting_slots(ten, wanted)
        assert slots == sorted(slots)
        assert len(set(zip((r.persona_id for r in wanted), slots, strict=True))) == 20

    def test_more_posts_than_minutes(self) -> None:
        ten = schedule("2026-06-01T10:00", "2026-06-01T10:09")
        with pytest.raises(InvalidInputError, match="11 posts do not fit into the 10 minutes") as error:
            posting_slots(ten, requests(11))
        assert fields_of(error) == ["postCount"]


def test_no_requests_no_slots() -> None:
    assert posting_slots(schedule("2026-06-01T00:00", "2026-06-02T00:00"), []) == []


def test_ten_thousand_posts_take_ten_times_as_much_as_one_thousand() -> None:
    year = schedule("2026-01-01T00:00", "2026-12-31T00:00", "America/New_York", holiday_country="US")
    platforms = list(Platform)
    wanted = [SlotRequest(platforms[n % 11], PersonaId(f"p{n % 7}")) for n in range(10_000)]
    assert validate_slots(year, placed(year, wanted)) == []
    assert growth(lambda posts: posting_slots(year, wanted[:posts]), 1_000, 10_000) < 30


class TestValidateSlots:
    day = schedule("2026-06-01T09:00", "2026-06-02T00:00", blackout_dates=(date(2026, 6, 2),))

    def at(self, *times: str) -> list[datetime]:
        return [datetime.fromisoformat(f"2026-06-01T{time}+02:00") for time in times]

    def test_fine(self) -> None:
        assert validate_slots(self.day, given(requests(3), self.at("09:00", "09:30", "19:59"))) == []

    @pytest.mark.parametrize(
        ("times", "problem"),
        [
            (("08:59", "10:00"), "post 1 at 2026-06-01T08:59:00+02:00 is outside the campaign"),
            (("10:00", "20:00"), "outside the hours of X (mon to sun, 08:00 to 20:00)"),
            (("10:00:30", "11:00"), "post 1 at 2026-06-01T10:00:30+02:00 is not on a whole minute"),
            (("11:00", "10:00"), "post 2 is before the one it follows"),
            (("10:00", "10:00"), "posts 1 and 2 of persona anna are in the same minute"),
            (("10:00", "10:29"), "posts 1 and 2 on x are less than 30 minutes apart"),
        ],
    )
    def test_problems(self, times: tuple[str, ...], problem: str) -> None:
        assert any(problem in found for found in validate_slots(self.day, given(requests(2), self.at(*times))))

    def test_a_time_without_zone(self) -> None:
        naive = [datetime(2026, 6, 1, 10)]
        assert validate_slots(self.day, given(requests(1), naive)) == ["post 1 has no time zone"]

    def test_a_blackout_date(self) -> None:
        longer = schedule("2026-06-01T09:00", "2026-06-03T00:00", blackout_dates=(date(2026, 6, 2),))
        dark = [datetime(2026, 6, 2, 10, tzinfo=UTC)]
        assert "blacked out" in validate_slots(longer, given(requests(1), dark))[0]


class TestPlannedCount:
    def brief(self, start: str, end: str, *, zone: str = "Europe/Berlin", **fields: Any) -> CampaignBrief:
        cadence = fields.pop("cadence", {"posts": 3, "per": "day"})
        when = {"timeZone": zone, "start": start, "end": end, "cadence": cadence}
        return CampaignBrief.from_wire(plain_brief(schedule=when, **fields))

    def test_as_many_as_asked_for(self) -> None:
        assert planned_count(self.brief("2026-06-01T00:00", "2026-06-08T00:00", postCount=5)) == 5

    @pytest.mark.parametrize(
        ("start", "end", "cadence", "count"),
        [
            ("2026-06-01T00:00", "2026-06-08T00:00", {"posts": 3, "per": "day"}, 21),
            ("2026-06-01T08:00", "2026-06-01T09:00", {"posts": 3, "per": "day"}, 3),
            ("2026-06-01T00:00", "2026-06-02T00:01", {"posts": 3, "per": "day"}, 6),
            ("2026-06-01T00:00", "2026-06-15T00:00", {"posts": 4, "per": "week"}, 8),
            ("2026-06-01T00:00", "2026-06-16T00:00", {"posts": 4, "per": "week"}, 12),
            # A day of 25 and one of 23 hours are a day.
            ("2026-10-24T00:00", "2026-10-31T00:00", {"posts": 1, "per": "day"}, 7),
            ("2026-03-28T00:00", "2026-04-04T00:00", {"posts": 1, "per": "week"}, 1),
            ("2026-01-01T00:00", "2027-01-01T00:00", {"posts": 1_000, "per": "day"}, MAX_POSTS),
        ],
    )
    def test_from_the_cadence(self, start: str, end: str, cadence: dict[str, Any], count: int) -> None:
        assert planned_count(self.brief(start, end, cadence=cadence)) == count
