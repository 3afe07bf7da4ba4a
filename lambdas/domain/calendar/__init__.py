"""When posts go out: working hours of the campaign's time zone, spread evenly, with room between them.

Everything is computed in UTC minutes, so a clock that jumps for daylight saving can neither lose nor repeat a slot.
"""

from lambdas.domain.calendar.hours import CLOSES, OPENS, open_days, open_minutes
from lambdas.domain.calendar.slots import MINIMUM_GAP_MINUTES, SlotRequest, planned_count, posting_slots, validate_slots

__all__ = [
    "CLOSES",
    "MINIMUM_GAP_MINUTES",
    "OPENS",
    "SlotRequest",
    "open_days",
    "open_minutes",
    "planned_count",
    "posting_slots",
    "validate_slots",
]
