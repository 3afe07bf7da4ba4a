"""Faults at the ports: the process dies, or a service refuses, at the n-th call of a run."""

from collections import Counter
from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import count
from threading import Lock
from typing import Any, TypeVar, cast

from lambdas.domain.errors import DependencyTimeoutError, ThrottledError

PortT = TypeVar("PortT")


class Crash(BaseException):
    """The process died here: nothing in it may notice, so this is no ``Exception``."""


Place = int | tuple[str, int]


class Fault(StrEnum):
    CRASH_BEFORE = "crash before the effect"
    CRASH_AFTER = "crash after the effect"
    THROTTLED = "refused, without an effect"
    ANSWER_LOST = "an effect, and no answer"


class FaultPlan:
    """``faults`` by number of the port call (from 0): of all calls of a run, or of one port's (``("mailer", 0)``)."""

    def __init__(self, faults: Mapping[Place, Fault] | None = None) -> None:
        self._faults = dict(faults or {})
        self._numbers = count()
        self._of_port: Counter[str] = Counter()
        self._lock = Lock()
        self.struck: list[Fault] = []

    def calls_of(self, port: str) -> int:
        """Calls of one port so far."""
        return self._of_port[port]

    def call(self, port: str, work: Callable[[], Any]) -> Any:
        with self._lock:
            fault = self._faults.get(next(self._numbers)) or self._faults.get((port, self._of_port[port]))
            self._of_port[port] += 1
            if fault:
                self.struck.append(fault)
        if fault is Fault.CRASH_BEFORE:
            raise Crash
        if fault is Fault.THROTTLED:
            raise ThrottledError("slow down (fault plan)")
        answer = work()
        if fault is Fault.CRASH_AFTER:
            raise Crash
        if fault is Fault.ANSWER_LOST:
            raise DependencyTimeoutError("no answer (fault plan)")
        return answer


class _Faulty:
    def __init__(self, port: Any, plan: FaultPlan, name: str) -> None:
        self._port = port
        self._plan = plan
        self._name = name

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            return self._plan.call(self._name, lambda: method(*args, **kwargs))

        return call

    def __call__(self, *args: Any) -> Any:
        return self._plan.call(self._name, lambda: self._port(*args))


def faulty(port: PortT, plan: FaultPlan, name: str = "") -> PortT:
    """``port`` with every call of it under ``plan``."""
    return cast(PortT, _Faulty(port, plan, name))
