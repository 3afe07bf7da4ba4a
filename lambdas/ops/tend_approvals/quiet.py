"""Hours in which nobody is reminded."""

from datetime import datetime
from zoneinfo import ZoneInfo

from lambdas.core.models.campaign import QuietHours


def is_quiet(now: datetime, hours: QuietHours | None, time_zone: str) -> bool:
    """Whether ``now`` is in the quiet hours; a reminder that falls into them is mailed when they are over."""
    if hours is None or hours.start == hours.end:
        return False
    hour = now.astimezone(ZoneInfo(time_zone)).hour
    if hours.start < hours.end:
        return hours.start <= hour < hours.end
    return hour >= hours.start or hour < hours.end
