"""The real clock and the real source of ids; the only module that reads the time or random numbers."""

import random
import secrets
import time
from datetime import UTC, datetime

from ulid import ULID

from lambdas.ports.bundle import Deadline


class SystemClock:
    def now(self) -> datetime:
        """Truncated to milliseconds, as times are stored, so that a value read back equals the one written."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1_000 * 1_000)


class UlidSource:
    def ulid(self) -> str:
        return str(ULID())

    def nonce(self) -> str:
        return secrets.token_hex(16)


class SystemTimer:
    """Waiting, with a monotonic clock. Seconds."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def any_up_to(self, seconds: float) -> float:
        """A random time, so that callers that were throttled together do not retry together."""
        return random.uniform(0, seconds)  # noqa: S311 - nothing to guess here


def sleep(seconds: float) -> None:
    """Simulated latency of the offline model."""
    time.sleep(seconds)


def deadline_of(context: object) -> Deadline | None:
    """When the invocation ends. ``context`` is what Lambda passes to a handler; without
    ``get_remaining_time_in_millis`` there is no deadline
    (docs.aws.amazon.com/lambda/latest/dg/python-context.html)."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return Deadline(time.monotonic() + remaining() / 1000, time.monotonic) if remaining else None
