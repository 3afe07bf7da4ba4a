"""What AWS asks, us-east-1, on demand, as taken down in November 2026.

Step Functions and DynamoDB are the design's figures; Lambda, S3 and KMS are their long-standing list prices. None was
read again from the linked page on that day: check them there before quoting.
"""

from collections.abc import Mapping
from types import MappingProxyType

DATED = "2026-11, not re-read"

USD: Mapping[str, float] = MappingProxyType(
    {
        "stateTransitions": 25.0 / 1e6,  # Standard: aws.amazon.com/step-functions/pricing
        "lambdaInvocations": 0.20 / 1e6,  # requests only: aws.amazon.com/lambda/pricing
        "writeUnits": 0.625 / 1e6,  # aws.amazon.com/dynamodb/pricing/on-demand
        "readUnits": 0.125 / 1e6,
        "s3Puts": 5.0 / 1e6,  # PUT, COPY, POST, LIST: aws.amazon.com/s3/pricing
        "s3Gets": 0.40 / 1e6,
        "kmsRequests": 3.0 / 1e6,  # aws.amazon.com/kms/pricing
    }
)
"""US dollars for one of each."""

EXPRESS_REQUEST = 1.0 / 1e6
EXPRESS_SECOND = 0.06 / 3600 * 64 / 1024
"""An Express execution in one block of 64 MB."""


def designs(posts: int) -> dict[str, float]:
    """Dollars for the state machine alone, for other ways to lay out the map."""
    transition = USD["stateTransitions"]
    return {
        "Standard child per post, 3 states": (8 + 4 * posts) * transition,
        "Express child per post, 1 s": (8 + posts) * transition + posts * (EXPRESS_REQUEST + EXPRESS_SECOND),
        "Standard child per batch of 10": (8 + 0.2 * posts) * transition,
    }
