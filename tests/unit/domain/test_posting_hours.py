"""The days and hours of each platform, and the deadline."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from lambdas.agents.campaign_planner.agent import run
from lambdas.agents.inputs import planner_input
from lambdas.domain.calendar import (
    SlotRequest,
    open_days,
    open_minutes,
    posting_slots,
    time_problem,
    validate_slots,
)
from lambdas.domain.errors import InvalidInputError
from lambdas.domain.ids import PersonaId
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.models.schedule import Hours, PlatformHours, PostingHours, Schedule, Weekday
from lambdas.domain.platforms import Platform
from lambdas.services.validation import resolve_configuration
from tests.support import samples
from tests.support.world import World

ANNA = PersonaId("anna")


def schedule(start: str, end: str, zone: str = "Europe/Berlin") -> Schedule:
    return Schedule.model_validate({"time_zone": zone, "start": start, "end": end})


def requests(count: int, platform: Platform = Platform.X) -> list[SlotRequest]:
    return [SlotRequest(platform, ANNA)] * count


def times(when: Schedule, wanted: list[SlotRequest]) -> list[datetime]:
    return [slot.at for slot in posting_slots(when, wanted)]


def local(slots: list[datetime], zone: str = "Europe/Berlin") -> list[str]:
    return [slot.astimezone(ZoneInfo(zone)).strftime("%m-%d %H:%M") for slot in slots]


class TestHoursOfPlatforms:
    fortnight = schedule("2026-06-01T00:00", "2026-06-15T00:00")  # from a Monday

    def days(self, when: Schedule, platform: Platform) -> set[str]:
        slots = times(when, requests(60, platform))
        return {slot.astimezone(ZoneInfo(when.time_zone)).strftime("%a") for slot in slots}

    def times(self, when: Schedule, platform: Platform) -> tuple[str, str]:
        found = sorted(text[6:] for text in local(times(when, requests(1_000, platform)), when.time_zone))
        return found[0], found[-1]

    @pytest.mark.parametrize("platform", [Platform.LINKEDIN, Platform.BLOG])
    def test_on_working_days_in_working_hours(self, platform: Platform) -> None:
        assert self.days(self.fortnight, platform) == {"Mon", "Tue", "Wed", "Thu", "Fri"}
        first, last = self.times(self.fortnight, platform)
        assert "09:00" <= first < last < "17:00"

    def test_a_text_message_does_not_ring_early_late_or_on_a_sunday(self) -> None:
        assert self.days(self.fortnight, Platform.SMS) == {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}
        first, last = self.times(self.fortnight, Platform.SMS)
        assert "10:00" <= first < last < "17:00"

    def test_what_people_read_at_leisure_goes_out_on_weekends_too(self) -> None:
        assert len(self.days(self.fortnight, Platform.INSTAGRAM)) == 7

    def test_the_campaign_decides_and_the_platform_decides_before_it(self) -> None:
        when = self.fortnight.model_copy(
            update={
                "days": (Weekday.SAT, Weekday.SUN),
                "hours": Hours(start="06:30", end="24:00"),
                "platforms": {Platform.BLOG: PlatformHours(days=(Weekday.WED,))},
            }
        )
        assert self.days(when, Platform.LINKEDIN) == {"Sat", "Sun"}
        assert self.days(when, Platform.BLOG) == {"Wed"}
        assert open_minutes(when, Platform.BLOG) == 2 * (17 * 60 + 30)
        assert open_days(when, Platform.LINKEDIN, enough=9) == 4
        assert time_problem(when, Platform.X, datetime(2026, 6, 6, 21, 59, tzinfo=UTC)) is None
        monday = time_problem(when, Platform.X, datetime(2026, 6, 8, 12, tzinfo=UTC))
        assert monday == "X is posted to sat, sun, 06:30 to 24:00 Europe/Berlin"

    def test_a_weekend_of_one_platform_holds_up_no_other(self) -> None:
        wanted = [SlotRequest(platform, ANNA) for _ in range(14) for platform in (Platform.LINKEDIN, Platform.X)]
        slots = posting_slots(self.fortnight, wanted)
        assert validate_slots(self.fortnight, slots) == []
        per_day = Counter(slot.at.date() for slot in slots if slot.platform is Platform.X)
        assert len(per_day) == 14
        assert set(per_day.values()) == {1}

    def test_a_window_without_a_minute_of_the_platform(self) -> None:
        weekend = schedule("2026-06-06T00:00", "2026-06-07T23:59")
        with pytest.raises(InvalidInputError, match=r"LinkedIn is posted to .mon to fri, 09:00 to 17:00") as error:
            times(weekend, requests(1, Platform.LINKEDIN))
        assert [field.field for field in error.value.errors] == ["schedule"]
        own = {Platform.LINKEDIN: PlatformHours(days=(Weekday.MON,))}
        with pytest.raises(InvalidInputError) as error:
            times(weekend.model_copy(update={"platforms": own}), requests(1, Platform.LINKEDIN))
        assert [field.field for field in error.value.errors] == ["schedule.platforms.linkedin"]

    def test_as_before_there_were_hours_of_platforms(self) -> None:
        before = self.fortnight.as_before()
        assert {before.hours_of(platform) for platform in Platform} == {PostingHours(tuple(Weekday), 480, 1_200)}


class TestDeadline:
    month = schedule("2026-06-01T00:00", "2026-06-30T00:00")
    deadline = datetime(2026, 6, 19, 21, 59, 59, tzinfo=UTC)  # the end of a Friday in Berlin

    @pytest.mark.parametrize("platform", list(Platform))
    def test_the_last_post_before_it_goes_out_shortly_before(self, platform: Platform) -> None:
        slots = posting_slots(self.month, requests(10, platform), self.deadline)
        early = [slot.at for slot in slots if slot.at <= self.deadline]
        assert 5 <= len(early) <= 7
        assert local([early[-1]])[0].startswith("06-19")
        assert validate_slots(self.month, slots, self.deadline) == []

    def test_the_others_stay_where_they_were(self) -> None:
        with_it, without = (posting_slots(self.month, requests(7), when) for when in (self.deadline, None))
        assert sum(a != b for a, b in zip(with_it, without, strict=True)) == 1

    def test_a_deadline_after_the_window_changes_nothing_but_the_last(self) -> None:
        slots = posting_slots(self.month, requests(4), datetime(2026, 7, 9, tzinfo=UTC))
        assert local([slots[-1].at]) == ["06-29 17:00"]

    def test_everything_before_it_goes_out_before_it_however_crowded(self) -> None:
        hour = schedule("2026-06-01T10:00", "2026-06-01T10:59")
        deadline = datetime(2026, 6, 1, 8, 29, tzinfo=UTC)
        slots = posting_slots(hour, requests(60), deadline)
        assert sum(slot.at <= deadline for slot in slots) == 30
        assert validate_slots(hour, slots, deadline) == []


class TestBrief:
    def brief(self, **fields: Any) -> dict[str, Any]:
        return samples.brief(posts=12, **fields)

    def refused(self, **fields: Any) -> dict[str, str]:
        world = World()
        try:
            brief = CampaignBrief.from_wire(self.brief(**fields))
            resolve_configuration(samples.TENANT, brief, world.catalog, world.clock.now())
        except InvalidInputError as error:
            return {field.field: field.message for field in error.errors}
        return {}

    def when(self, **fields: Any) -> dict[str, Any]:
        window = {"timeZone": "Europe/Berlin", "start": "2026-04-01T09:00:00", "end": "2026-04-30T18:00:00"}
        return {"schedule": window | fields}

    @pytest.mark.parametrize(
        ("fields", "path"),
        [
            ({"days": []}, "schedule.days"),
            ({"days": ["mon", "mon"]}, "schedule.days"),
            ({"days": ["monday"]}, "schedule.days[0]"),
            ({"hours": {"start": "9:00", "end": "17:00"}}, "schedule.hours.start"),
            ({"hours": {"start": "09:00", "end": "24:01"}}, "schedule.hours.end"),
            ({"hours": {"start": "17:00", "end": "09:00"}}, "schedule.hours.end"),
            ({"hours": {"start": "09:00"}}, "schedule.hours.end"),
            ({"platforms": {"linkedin": {"days": ["xyz"]}}}, "schedule.platforms.linkedin.days[0]"),
            ({"platforms": {"linkedin": {"day": ["mon"]}}}, "schedule.platforms.linkedin.day"),
            ({"platforms": {"tiktok": {"days": ["mon"]}}}, "schedule.platforms.tiktok"),
            ({"platforms": {"myspace": {}}}, "schedule.platforms.myspace"),
        ],
    )
    def test_what_is_wrong_is_said_of_its_field(self, fields: dict[str, Any], path: str) -> None:
        assert list(self.refused(**self.when(**fields))) == [path]

    @pytest.mark.parametrize("deadline", ["2026-04-10", "2026-04-10T12:00", "2026-04-10T12:00:00Z", "2027-01-01"])
    def test_a_deadline(self, deadline: str) -> None:
        assert self.refused(deadline=deadline) == {}

    def test_a_date_is_the_end_of_that_day_in_the_zone_of_the_schedule(self) -> None:
        brief = CampaignBrief.from_wire(self.brief(deadline="2026-04-10"))
        assert brief.deadline_utc() == datetime(2026, 4, 10, 21, 59, 59, tzinfo=UTC)
        assert CampaignBrief.from_wire(brief.to_wire()) == brief

    @pytest.mark.parametrize(
        ("deadline", "said"),
        [
            ("2026-04-01T08:59", "must be after schedule.start"),
            ("2026-01-01", "has passed"),
            ("soon", "must be a date and a time"),
            (1_800_000_000, "write it as text"),
            ("10000-01-01", "must be a date and a time"),
        ],
    )
    def test_a_deadline_that_cannot_be_kept(self, deadline: Any, said: str) -> None:
        found = self.refused(deadline=deadline)
        assert list(found) == ["deadline"]
        assert said in found["deadline"]

    def test_what_is_left_out_leaves_no_trace_so_that_a_repeat_of_before_is_the_same_body(self) -> None:
        wire = CampaignBrief.from_wire(self.brief()).to_wire()
        assert not {"days", "hours", "platforms"} & set(wire["schedule"])
        assert "deadline" not in wire
        assert "notify" not in wire["approval"]

    def test_a_channel_counts_the_days_on_which_it_is_posted_to(self) -> None:
        """22 working days in April 2026, of 30: with 2 a day each channel carries 44."""
        of = self.when(maxPostsPerDay=2, start="2026-04-01T00:00:00")
        assert self.refused(**of, platforms=["x", "linkedin"], postCount=88) == {}
        said = self.refused(**of, platforms=["x", "linkedin"], postCount=90)
        assert "22 days on LinkedIn" in said["postCount"]
        assert "ask for 88 or fewer" in said["postCount"]
        assert self.refused(**of, platforms=["x", "facebook"], postCount=90) == {}


class TestPlan:
    def posts(self, *, by_platform: bool = True, **fields: Any) -> list[dict[str, Any]]:
        world = World()
        brief = samples.brief(posts=24, platforms=["linkedin", "x", "blog"], **fields)
        world.queue(brief)
        campaign = world.campaigns.get(samples.KEY).model_copy(update={"hours_by_platform": by_platform})
        found = run(planner_input(campaign, world.configuration(campaign.brief)))
        assert found["error"] is None
        return list(found["result"]["posts"])

    def weekends(self, posts: list[dict[str, Any]]) -> Counter[str]:
        at = {post["postId"]: datetime.fromisoformat(post["scheduledAt"]) for post in posts}
        return Counter(post["platform"] for post in posts if at[post["postId"]].weekday() > 4)

    def test_no_post_for_working_people_on_a_weekend(self) -> None:
        found = self.weekends(self.posts())
        assert (found["linkedin"], found["blog"]) == (0, 0)
        assert found["x"]

    def test_a_campaign_that_an_older_version_accepted_is_planned_as_it_was(self) -> None:
        found = self.posts(by_platform=False)
        assert self.weekends(found)["linkedin"]
        assert [post["platform"] for post in found[:4]] == ["linkedin", "x", "blog", "x"]

    def test_nothing_hurries_after_the_deadline_and_the_last_call_comes_just_before(self) -> None:
        messages = ["It boils water in a minute", {"text": "Order with free delivery", "kind": "offer"}]
        posts = self.posts(deadline="2026-04-17", keyMessages=messages)
        early = [post for post in posts if post["scheduledAt"] <= "2026-04-17T21:59:59"]
        assert 12 <= len(early) <= 15
        assert early[-1]["scheduledAt"].startswith("2026-04-17")
        assert "last_call" in {post["intent"] for post in early[-3:]}
        assert early[0]["intent"] == "announce"
        assert not {"offer", "reminder", "last_call"} & {post["intent"] for post in posts[len(early) :]}
