"""What each platform accepts: one dated table with sources, and functions that count as each platform does.

The planner, the generator, the validator and the API all use these, so a text that passed once passes everywhere.
Importing this package is cheap: the counting libraries are imported when first needed.
"""

from lambdas.domain.limits.check import check_limits, without_surplus
from lambdas.domain.limits.figures import LIMITS, Confidence, Figure, PlatformLimit, Unit
from lambdas.domain.limits.measure import SmsCount, measure, sms_parts, sms_segments, text_as_published

__all__ = [
    "LIMITS",
    "Confidence",
    "Figure",
    "PlatformLimit",
    "SmsCount",
    "Unit",
    "check_limits",
    "measure",
    "sms_parts",
    "sms_segments",
    "text_as_published",
    "without_surplus",
]
