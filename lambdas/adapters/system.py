"""The real clock and the real source of ids: the one place where time and chance come in."""

import secrets
import time
from datetime import UTC, datetime

from ulid import ULID


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class UlidSource:
    def ulid(self) -> str:
        return str(ULID())

    def nonce(self) -> str:
        return secrets.token_hex(16)


def sleep(seconds: float) -> None:
    """Simulated latency of the offline model; nothing else waits in code."""
    time.sleep(seconds)
