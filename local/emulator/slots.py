"""Limits the number of Lambda workers: a caller waits for a free one instead of starting another process.

ministack starts one process per concurrent invocation of a function and never waits, so 300 campaigns started at once
make about 570 processes and use 18 GB. Its own limit throttles instead of waiting, and it ignores that a
``waitForTaskToken`` invocation was throttled, so campaigns hang.

Every invocation runs this on a thread of its own (never the event loop), so waiting blocks nobody else. Every function
is guaranteed one worker whatever the total, so the authorizer always gets one while a map is running, and a function
that calls another one cannot deadlock. Invocations by API Gateway do not count against the total, only against their
function's limit: a client is waiting, and AWS would answer it whatever else is running.
"""

import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from local.emulator.gateway import began
from local.emulator.patch import Emulator, patch


@dataclass(eq=False)
class _Waiting:
    function: str
    limit: int
    urgent: bool
    granted: threading.Event = field(default_factory=threading.Event)


class Slots:
    """At most ``per_function`` invocations of one function and ``total`` altogether, first come, first served.

    A function with nothing running always gets a slot, and urgent invocations do not wait for the total. So the actual
    maximum is ``total``, plus the number of functions that run exactly one invocation, plus the urgent ones.
    """

    def __init__(self, *, per_function: int, total: int) -> None:
        if per_function < 1 or total < 1:
            raise ValueError("at least one worker is needed")
        self._per_function = per_function
        self._total = total
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()
        self._queue: deque[_Waiting] = deque()

    def acquire(self, function: str, reserved: int | None = None, *, urgent: bool = False) -> None:
        """Wait until ``function`` may run once more. ``reserved`` (at least 1) lowers its limit."""
        limit = self._per_function if reserved is None else min(self._per_function, reserved)
        waiting = _Waiting(function, limit, urgent)
        with self._lock:
            self._queue.append(waiting)
            self._grant()
        waiting.granted.wait()

    def release(self, function: str) -> None:
        with self._lock:
            self._running[function] -= 1
            if self._running[function] <= 0:
                del self._running[function]
            self._grant()

    def running(self) -> dict[str, int]:
        """Invocations in progress by function."""
        with self._lock:
            return dict(self._running)

    def waiting(self) -> int:
        with self._lock:
            return len(self._queue)

    def _grant(self) -> None:
        still_waiting: deque[_Waiting] = deque()
        for waiting in self._queue:
            if self._fits(waiting):
                self._running[waiting.function] += 1
                waiting.granted.set()
            else:
                still_waiting.append(waiting)
        self._queue = still_waiting

    def _fits(self, waiting: _Waiting) -> bool:
        mine = self._running[waiting.function]
        if mine == 0:
            return True
        return mine < waiting.limit and (waiting.urgent or self._running.total() < self._total)


def _slots(emulator: Emulator) -> Slots:
    config = emulator.config
    return emulator.shared(Slots, lambda: Slots(per_function=config.workers_per_function, total=config.workers))


@patch("services.lambda_svc", "_acquire_execution_slot", "ed3b3814")
def wait_for_a_worker(_original: Any, emulator: Emulator) -> Any:
    """An invocation waits for a free worker; on AWS there is always another one."""
    slots, lambda_svc = _slots(emulator), emulator.module("services.lambda_svc")

    def acquire(func: Any, config: Any) -> tuple[str | None, str | None]:
        reserved = lambda_svc._reserved_concurrency(func, config)
        if reserved == 0:  # a function with reserved concurrency 0 is throttled, as on AWS
            return None, "function"
        key = str(lambda_svc._inflight_key(config))
        noted = began.get()
        slots.acquire(key, reserved, urgent=noted is not None)
        if noted is not None:
            noted.append(time.monotonic())
        return key, None

    return acquire


@patch("services.lambda_svc", "_release_execution_slot", "b35708f6")
def give_the_worker_back(_original: Any, emulator: Emulator) -> Any:
    """The counterpart of ``wait_for_a_worker``."""
    slots = _slots(emulator)

    def release(key: str | None) -> None:
        if key is not None:
            slots.release(key)

    return release
