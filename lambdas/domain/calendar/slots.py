"""Giving each post its minute, and checking a calendar before it is saved, whoever made it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambdas.domain.calendar.hours import OpenTime, from_minute, open_spans, to_minute
from lambdas.domain.errors import FieldError, InvalidInputError
from lambdas.domain.ids import PersonaId
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.models.schedule import MAX_POSTS, PostingHours, Schedule
from lambdas.domain.platforms import LABELS, Platform

MINIMUM_GAP_MINUTES: Mapping[Platform, int] = MappingProxyType(
    {
        Platform.X: 30,
        Platform.THREADS: 30,
        Platform.BLUESKY: 30,
        Platform.FACEBOOK: 120,
        Platform.INSTAGRAM: 120,
        Platform.TIKTOK: 120,
        Platform.LINKEDIN: 240,
        Platform.YOUTUBE: 240,
        Platform.BLOG: 240,
        Platform.EMAIL: 720,
        Platform.SMS: 720,
    }
)
"""Open minutes between two posts of a campaign on one platform. House rule, no platform's: feeds that move fast
take posts often, an inbox takes one a day (720 minutes are a day's hours; of text messages, whose hours are shorter, it
is one in two days). Where a campaign has more posts than fit, all gaps shrink in proportion."""

_STEPS = 720
"""Gaps shrink in so many steps: the largest gap loses one minute at a time."""
LAST_CALL_MINUTES = 180
"""Open minutes before the deadline at which the last post before it goes out: the last call, early enough to
be read in time."""


class SlotRequest(NamedTuple):
    """A post that needs a time."""

    platform: Platform
    persona_id: PersonaId


class Slot(NamedTuple):
    """A post with its time: in UTC, on a whole minute."""

    platform: Platform
    persona_id: PersonaId
    at: datetime


class _Plan(NamedTuple):
    """The requests in the order in which they go out, and what their times have to keep to."""

    requests: Sequence[SlotRequest]
    open: Mapping[Platform, OpenTime]
    early: int
    """So many of them go out before the deadline."""
    until: int
    """The minute of the deadline."""

    def last(self, index: int) -> int:
        """The last open minute of the platform (counted from its first) at which this request may go out."""
        time = self.open[self.requests[index].platform]
        return time.count_until(self.until) - 1 if index < self.early else time.total - 1


def posting_slots(schedule: Schedule, requests: Sequence[SlotRequest], deadline: datetime | None = None) -> list[Slot]:
    """The requests with their times, in order of time.

    Each platform's posts are spread evenly over its own open minutes of the window, so that what may not go out on a
    weekend holds up nothing that may. Two of one platform keep the (possibly shrunk) minimum gap, two of one persona
    never share a minute. Requests keep their order where all platforms have the same hours. The share of posts that
    would go out before the ``deadline`` does, and the last of them shortly before it. The same arguments give the same
    times.

    Raises ``InvalidInputError``: ``schedule…`` when a platform has no open minute in the window, ``postCount`` when
    there are too few of them for the posts.
    """
    open_time = _open_time(schedule, requests)
    count = len(requests)
    even = [(2 * n + 1) * open_time[each.platform].total // (2 * count) for n, each in enumerate(requests)]
    at = [open_time[each.platform].minute(offset) for each, offset in zip(requests, even, strict=True)]
    order = sorted(range(count), key=lambda index: at[index])
    until = to_minute(deadline) if deadline else -1
    early = sum(minute <= until for minute in at)
    plan = _Plan([requests[index] for index in order], open_time, early, until)
    wishes = [even[index] for index in order]
    if early:
        last = early - 1
        wishes[last] = max(wishes[last], plan.last(last) + 1 - LAST_CALL_MINUTES)
    offsets = _spread(plan, wishes)
    return [
        Slot(each.platform, each.persona_id, from_minute(open_time[each.platform].minute(offset)))
        for each, offset in zip(plan.requests, offsets, strict=True)
    ]


def _open_time(schedule: Schedule, requests: Sequence[SlotRequest]) -> dict[Platform, OpenTime]:
    """Of each platform that occurs; computed once for those with the same hours."""
    known: dict[PostingHours, OpenTime] = {}
    found = {}
    for platform in dict.fromkeys(request.platform for request in requests):
        hours = schedule.hours_of(platform)
        if hours not in known:
            known[hours] = OpenTime(open_spans(schedule, platform))
        found[platform] = known[hours]
    return found


def planned_count(brief: CampaignBrief) -> int:
    """How many posts a brief asks for: ``postCount``, else its cadence over the begun days or weeks of the window.

    Between 1 and ``MAX_POSTS``. Days are those of the wall clock, so a week has seven of them in October too.
    """
    if brief.post_count is not None:
        return brief.post_count
    schedule = brief.schedule
    zone = ZoneInfo(schedule.time_zone)
    start, end = (moment.astimezone(zone).replace(tzinfo=None) for moment in (schedule.start_utc(), schedule.end_utc()))
    period = timedelta(days=1 if schedule.cadence.per == "day" else 7)
    return max(1, min(MAX_POSTS, schedule.cadence.posts * ceil((end - start) / period)))


def _shrunk_gaps(plan: _Plan) -> dict[Platform, int]:
    """The widest gaps, in open minutes of each platform, with which all requests fit into the window in their order.

    Raises ``InvalidInputError`` (``postCount``) when they do not fit even without.
    """
    if not _fits(plan, _gaps(0)):
        minutes = min(time.total for time in plan.open.values())
        message = f"{len(plan.requests)} posts do not fit into the {minutes} minutes in which the campaign may post"
        raise InvalidInputError(f"postCount: {message}", errors=[FieldError("postCount", message)])
    low, high = 0, _STEPS
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(plan, _gaps(middle)):
            low = middle
        else:
            high = middle - 1
    return _gaps(low)


def _gaps(step: int) -> dict[Platform, int]:
    return {platform: minutes * step // _STEPS for platform, minutes in MINIMUM_GAP_MINUTES.items()}


def _fits(plan: _Plan, gaps: Mapping[Platform, int]) -> bool:
    """Whether everything gets out in time when each request goes out as early as possible."""
    forward = _Forward(plan, gaps)
    return all(forward.place(index, 0) <= plan.last(index) for index in range(len(plan.requests)))


class _Forward:
    """Places the requests one after the other, each at the first open minute from its wish on that the rules allow."""

    def __init__(self, plan: _Plan, gaps: Mapping[Platform, int]) -> None:
        self._plan, self._gaps = plan, gaps
        self._minute = 0
        self._platform_free: dict[Platform, int] = {}
        self._persona_free: dict[PersonaId, int] = {}

    def place(self, index: int, wish: int) -> int:
        """Which of the platform's open minutes it is, which is past the last one when none is left."""
        platform, persona = self._plan.requests[index]
        time = self._plan.open[platform]
        from_minute_on = max(self._minute, self._persona_free.get(persona, 0))
        offset = max(wish, self._platform_free.get(platform, 0), time.count_until(from_minute_on - 1))
        if offset < time.total:
            self._minute = time.minute(offset)
            self._persona_free[persona] = self._minute + 1
            self._platform_free[platform] = offset + self._gaps[platform]
        return offset


def _latest(plan: _Plan, gaps: Mapping[Platform, int]) -> list[int]:
    """For each request the last of its platform's open minutes that leaves room for all that follow."""
    minute: int | None = None
    platform_before: dict[Platform, int] = {}
    persona_before: dict[PersonaId, int] = {}
    offsets: list[int] = []
    for index in range(len(plan.requests) - 1, -1, -1):
        platform, persona = plan.requests[index]
        time = plan.open[platform]
        offset = min(plan.last(index), platform_before.get(platform, time.total))
        for bound in (minute, persona_before.get(persona)):
            offset = offset if bound is None else min(offset, time.count_until(bound) - 1)
        minute = time.minute(offset)
        platform_before[platform] = offset - gaps[platform]
        persona_before[persona] = minute - 1
        offsets.append(offset)
    offsets.reverse()
    return offsets


def _spread(plan: _Plan, wishes: Sequence[int]) -> list[int]:
    """Each request at its wish, moved as little as the rules ask: which of its platform's open minutes it is.

    Each choice stays at or before its latest minute, and that was computed with the same rules from the other
    end, so a choice can never make a later one impossible.
    """
    gaps = _shrunk_gaps(plan) if plan.requests else {}
    forward = _Forward(plan, gaps)
    return [forward.place(index, min(wishes[index], latest)) for index, latest in enumerate(_latest(plan, gaps))]


def validate_slots(schedule: Schedule, slots: Sequence[Slot], deadline: datetime | None = None) -> list[str]:
    """What is wrong with the times of these posts, one sentence each; empty when nothing is.

    Posts are counted from 1.
    Checked: an aware time, on a whole minute; all in order, in the window, within the hours of their platform, off
    blackout dates and holidays; the minimum gap of each platform; no two of one persona in a minute.
    Raises ``InvalidInputError`` as ``posting_slots`` does when the schedule itself is impossible.
    """
    naive = [f"post {number} has no time zone" for number, slot in enumerate(slots, 1) if slot.at.tzinfo is None]
    if naive:
        return naive
    requests = [SlotRequest(slot.platform, slot.persona_id) for slot in slots]
    open_time, until = _open_time(schedule, requests), to_minute(deadline) if deadline else -1
    early = next((n for n, slot in enumerate(slots) if to_minute(slot.at) > until), len(slots))
    return [
        *_outside(schedule, open_time, slots),
        *(f"post {n} is before the one it follows" for n, (a, b) in enumerate(pairwise(slots), 2) if b.at < a.at),
        *_shared_minutes(slots),
        *_narrow_gaps(_Plan(requests, open_time, early, until), slots),
    ]


def _outside(schedule: Schedule, open_time: Mapping[Platform, OpenTime], slots: Sequence[Slot]) -> Iterator[str]:
    start, end = schedule.start_utc(), schedule.end_utc()
    for number, slot in enumerate(slots, 1):
        if not start <= slot.at <= end:
            yield f"post {number} at {slot.at.isoformat()} is outside the campaign"
            continue
        if slot.at.second or slot.at.microsecond:
            yield f"post {number} at {slot.at.isoformat()} is not on a whole minute"
        if not open_time[slot.platform].has(to_minute(slot.at)):
            yield (
                f"post {number} at {slot.at.isoformat()} is outside the hours of {LABELS[slot.platform]} "
                f"({schedule.hours_of(slot.platform).told()}), blacked out or on a holiday"
            )


def _shared_minutes(slots: Sequence[Slot]) -> Iterator[str]:
    taken: dict[tuple[str, int], int] = {}
    for index, slot in enumerate(slots):
        first = taken.setdefault((slot.persona_id, to_minute(slot.at)), index)
        if first != index:
            yield f"posts {first + 1} and {index + 1} of persona {slot.persona_id} are in the same minute"


def _narrow_gaps(plan: _Plan, slots: Sequence[Slot]) -> Iterator[str]:
    gaps = _shrunk_gaps(plan) if slots else {}
    last: dict[Platform, tuple[int, int]] = {}
    for index in sorted(range(len(slots)), key=lambda index: (slots[index].at, index)):
        platform = slots[index].platform
        offset = plan.open[platform].count_until(to_minute(slots[index].at) - 1)
        before = last.get(platform)
        if before and offset - before[1] < gaps[platform]:
            pair = f"posts {before[0] + 1} and {index + 1} on {platform.value}"
            yield f"{pair} are less than {gaps[platform]} minutes apart"
        last[platform] = (index, offset)
