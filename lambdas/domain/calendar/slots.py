"""Giving each post its minute, and checking a calendar before it is saved, whoever made it."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from math import ceil
from types import MappingProxyType
from typing import NamedTuple
from zoneinfo import ZoneInfo

from lambdas.domain.calendar.hours import Span, from_minute, open_spans, to_minute
from lambdas.domain.errors import FieldError, InvalidInputError
from lambdas.domain.ids import PersonaId
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.models.schedule import MAX_POSTS, Schedule
from lambdas.domain.platforms import Platform

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
take posts often, an inbox takes one a working day (720 minutes are the working hours). Where a campaign has more
posts than fit, all gaps shrink in proportion."""

_STEPS = 720
"""Gaps shrink in so many steps: the largest gap loses one minute at a time."""


class SlotRequest(NamedTuple):
    """A post that needs a time."""

    platform: Platform
    persona_id: PersonaId


def posting_slots(schedule: Schedule, requests: Sequence[SlotRequest]) -> list[datetime]:
    """One UTC time, on a whole minute, for each request; never earlier than that of the request before it.

    The posts are spread evenly over the open minutes of the window. Two of one platform keep the (possibly shrunk)
    minimum gap, two of one persona never share a minute. The same arguments give the same times.

    Raises ``InvalidInputError``: ``schedule…`` when the window has no open minute, ``postCount`` when there are
    too few of them for the posts.
    """
    spans = open_spans(schedule)
    total = sum(span.end - span.start for span in spans)
    latest = _latest(requests, total, shrunk_gaps(requests, total))
    chosen = _spread(requests, total, latest)
    at = _locator(spans)
    return [from_minute(at(offset)) for offset in chosen]


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


def shrunk_gaps(requests: Sequence[SlotRequest], total: int) -> dict[Platform, int]:
    """The widest gaps, in open minutes, with which all requests fit into ``total`` open minutes.

    Raises ``InvalidInputError`` (``postCount``) when they do not fit even without.
    """
    if _needed(requests, _gaps(0)) > total:
        message = f"{len(requests)} posts do not fit into the {total} minutes in which the campaign may post"
        raise InvalidInputError(f"postCount: {message}", errors=[FieldError("postCount", message)])
    low, high = 0, _STEPS
    while low < high:
        middle = (low + high + 1) // 2
        if _needed(requests, _gaps(middle)) <= total:
            low = middle
        else:
            high = middle - 1
    return _gaps(low)


def _gaps(step: int) -> dict[Platform, int]:
    return {platform: minutes * step // _STEPS for platform, minutes in MINIMUM_GAP_MINUTES.items()}


def _needed(requests: Sequence[SlotRequest], gaps: Mapping[Platform, int]) -> int:
    """Open minutes it takes to post everything as early as possible."""
    offset = 0
    platform_free: dict[Platform, int] = {}
    persona_free: dict[PersonaId, int] = {}
    for platform, persona in requests:
        offset = max(offset, platform_free.get(platform, 0), persona_free.get(persona, 0))
        platform_free[platform] = offset + gaps[platform]
        persona_free[persona] = offset + 1
    return offset + 1 if requests else 0


class _Latest(NamedTuple):
    offsets: list[int]
    gaps: Mapping[Platform, int]


def _latest(requests: Sequence[SlotRequest], total: int, gaps: Mapping[Platform, int]) -> _Latest:
    """For each request the last open minute that leaves room for all that follow."""
    offset = total - 1
    platform_before: dict[Platform, int] = {}
    persona_before: dict[PersonaId, int] = {}
    offsets: list[int] = []
    for platform, persona in reversed(requests):
        offset = min(offset, platform_before.get(platform, offset), persona_before.get(persona, offset))
        platform_before[platform] = offset - gaps[platform]
        persona_before[persona] = offset - 1
        offsets.append(offset)
    offsets.reverse()
    return _Latest(offsets, gaps)


def _spread(requests: Sequence[SlotRequest], total: int, latest: _Latest) -> list[int]:
    """The middle of each request's even share of the window, moved as little as the rules ask.

    Each choice stays at or before its latest minute, and that was computed with the same rules from the other
    end, so a choice can never make a later one impossible.
    """
    count = len(requests)
    offset = 0
    platform_free: dict[Platform, int] = {}
    persona_free: dict[PersonaId, int] = {}
    offsets: list[int] = []
    for index, (platform, persona) in enumerate(requests):
        even = (2 * index + 1) * total // (2 * count)
        wished = min(even, latest.offsets[index])
        offset = max(wished, offset, platform_free.get(platform, 0), persona_free.get(persona, 0))
        platform_free[platform] = offset + latest.gaps[platform]
        persona_free[persona] = offset + 1
        offsets.append(offset)
    return offsets


def _locator(spans: Sequence[Span]) -> Callable[[int], int]:
    """Turns the n-th open minute into a UTC minute."""
    firsts = [0, *accumulate(span.end - span.start for span in spans)]

    def locate(offset: int) -> int:
        index = bisect_right(firsts, offset) - 1
        return spans[index].start + offset - firsts[index]

    return locate


def validate_slots(schedule: Schedule, requests: Sequence[SlotRequest], slots: Sequence[datetime]) -> list[str]:
    """What is wrong with the times given to the requests, one sentence each; empty when nothing is.

    Posts are counted from 1.
    Checked: one aware time, on a whole minute, for each request; all in order, in the window, in working hours,
    off blackout dates and holidays; the minimum gap of each platform; no two of one persona in a minute.
    Raises ``InvalidInputError`` as ``posting_slots`` does when the schedule itself is impossible.
    """
    if len(slots) != len(requests):
        return [f"{len(requests)} posts have {len(slots)} times"]
    naive = [f"post {number} has no time zone" for number, slot in enumerate(slots, 1) if slot.tzinfo is None]
    if naive:
        return naive
    spans = open_spans(schedule)
    return [
        *_outside(schedule, spans, slots),
        *(f"post {n} is before the one it follows" for n, (a, b) in enumerate(pairwise(slots), 2) if b < a),
        *_shared_minutes(requests, slots),
        *_narrow_gaps(spans, requests, slots),
    ]


def _outside(schedule: Schedule, spans: Sequence[Span], slots: Sequence[datetime]) -> Iterator[str]:
    starts = [span.start for span in spans]
    start, end = schedule.start_utc(), schedule.end_utc()
    for number, slot in enumerate(slots, 1):
        if not start <= slot <= end:
            yield f"post {number} at {slot.isoformat()} is outside the campaign"
            continue
        if slot.second or slot.microsecond:
            yield f"post {number} at {slot.isoformat()} is not on a whole minute"
        minute = to_minute(slot)
        position = bisect_right(starts, minute) - 1
        if position < 0 or minute >= spans[position].end:
            yield f"post {number} at {slot.isoformat()} is outside working hours, blacked out or on a holiday"


def _shared_minutes(requests: Sequence[SlotRequest], slots: Sequence[datetime]) -> Iterator[str]:
    taken: dict[tuple[str, int], int] = {}
    for index, (request, slot) in enumerate(zip(requests, slots, strict=True)):
        first = taken.setdefault((request.persona_id, to_minute(slot)), index)
        if first != index:
            yield f"posts {first + 1} and {index + 1} of persona {request.persona_id} are in the same minute"


def _narrow_gaps(spans: Sequence[Span], requests: Sequence[SlotRequest], slots: Sequence[datetime]) -> Iterator[str]:
    gaps = shrunk_gaps(requests, sum(span.end - span.start for span in spans))
    starts = [span.start for span in spans]
    firsts = [0, *accumulate(span.end - span.start for span in spans)]
    last: dict[str, tuple[int, int]] = {}
    in_order = sorted(range(len(slots)), key=lambda index: (slots[index], index))
    for index in in_order:
        platform = requests[index].platform
        minute = to_minute(slots[index])
        position = max(bisect_right(starts, minute) - 1, 0)
        offset = firsts[position] + min(minute, spans[position].end) - starts[position]
        before = last.get(platform)
        if before and offset - before[1] < gaps[platform]:
            pair = f"posts {before[0] + 1} and {index + 1} on {platform.value}"
            yield f"{pair} are less than {gaps[platform]} minutes apart"
        last[platform] = (index, offset)
