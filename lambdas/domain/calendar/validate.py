"""Is a calendar fit to be published? Asked of every plan before it is saved, whoever made it."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate, pairwise

from lambdas.domain.calendar.hours import Span, open_spans, to_minute
from lambdas.domain.calendar.slots import SlotRequest, shrunk_gaps
from lambdas.domain.models.schedule import Schedule


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
