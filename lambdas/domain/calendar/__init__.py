"""When posts go out: the days and hours of their platform in the campaign's time zone, spread evenly.

Everything is computed in UTC minutes, so a clock that jumps for daylight saving can neither lose nor repeat a slot.
"""

from lambdas.domain.calendar.hours import open_days, open_minutes, time_problem
from lambdas.domain.calendar.slots import (
    MINIMUM_GAP_MINUTES,
    Slot,
    SlotRequest,
    planned_count,
    posting_slots,
    validate_slots,
)

__all__ = [
    "MINIMUM_GAP_MINUTES",
    "Slot",
    "SlotRequest",
    "open_days",
    "open_minutes",
    "planned_count",
    "posting_slots",
    "time_problem",
    "validate_slots",
]
