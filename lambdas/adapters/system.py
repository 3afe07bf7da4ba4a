"""The real clock and the real source of ids: the one place where time and chance come in."""

import random
import secrets
import time
from datetime import UTC, datetime

from ulid import ULID

from lambdas.ports.bundle import Deadline


class SystemClock:
    def now(self) -> datetime:
        """Cut to milliseconds, as times are stored: what is read back is what was written."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1_000 * 1_000)


class UlidSource:
    def ulid(self) -> str:
        return str(ULID())

    def nonce(self) -> str:
        return secrets.token_hex(16)


class SystemTimer:
    """Waiting, by a clock that never jumps. Seconds."""

    def now(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def any_up_to(self, seconds: float) -> float:
        """A random time, so that those who were refused together do not come back together."""
        return random.uniform(0, seconds)  # noqa: S311 - nothing to guess here


def sleep(seconds: float) -> None:
    """Simulated latency of the offline model."""
    time.sleep(seconds)


def deadline_of(context: object) -> Deadline | None:
    """When the invocation is killed. ``context`` is what Lambda gives a handler; anything without
    ``get_remaining_time_in_millis`` sets no deadline (docs.aws.amazon.com/lambda/latest/dg/python-context.html)."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    return Deadline(time.monotonic() + remaining() / 1000, time.monotonic) if remaining else None
