"""A clock that stands still until told otherwise, and ids that are the same in every run."""

import hashlib
from datetime import UTC, datetime, timedelta
from itertools import count
from threading import Lock

from ulid import ULID

from lambdas.ports.stores import Clock

START = datetime(2026, 1, 5, 9, 0, 0, 123_456, tzinfo=UTC)
"""Not a whole number of milliseconds, which is all that is stored: nothing may compare a time that was read with one
that was not."""


def stored(moment: datetime) -> datetime:
    """As it is read back."""
    return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)


class MemoryClock:
    def __init__(self, start: datetime = START) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        self._now = moment.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        self._now += by


class MemoryIds:
    """The n-th id of every source with the same ``seed`` is the same; ids of one source sort as they were made."""

    def __init__(self, clock: Clock | None = None, *, seed: int = 0) -> None:
        self._clock = clock or MemoryClock()
        self._seed = seed
        self._numbers = count(1)
        self._lock = Lock()

    def ulid(self) -> str:
        milliseconds = int(self._clock.now().timestamp() * 1_000)
        random = (self._next() << 40) | self._seed
        return str(ULID(milliseconds.to_bytes(6, "big") + random.to_bytes(10, "big")))

    def nonce(self) -> str:
        return hashlib.sha256(f"{self._seed}/{self._next()}".encode()).hexdigest()[:32]

    def _next(self) -> int:
        with self._lock:
            return next(self._numbers)
