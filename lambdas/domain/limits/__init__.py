"""What each platform accepts: one dated, source-linked table, and the functions that count the way each platform does.

The planner, the generator, the validator, the API and the dispatcher all use these, so a text that passed once
passes everywhere. Importing this package is cheap: the counting libraries are imported when first needed.
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
