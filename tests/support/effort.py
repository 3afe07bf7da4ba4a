"""How much work is done: counted, or compared in one run. A wall time says how busy the machine is."""

from collections.abc import Callable
from time import process_time
from types import ModuleType
from typing import Any

import pytest


def results_of(monkeypatch: pytest.MonkeyPatch, module: ModuleType, function: str) -> list[Any]:
    """What a module's function answers from now on, call by call."""
    results: list[Any] = []
    original = getattr(module, function)

    def noted(*args: Any) -> Any:
        results.append(original(*args))
        return results[-1]

    monkeypatch.setattr(module, function, noted)
    return results


def growth(work: Callable[[int], object], small: int, large: int) -> float:
    """How many times as much processor time ``work(large)`` takes as ``work(small)``, each at its best of three.

    Work that is proportional to its size grows ``large / small`` times, and what compares everything with everything
    the square of that.
    """
    return _best(work, large) / _best(work, small)


def _best(work: Callable[[int], object], size: int) -> float:
    times = []
    for _ in range(3):
        started = process_time()
        work(size)
        times.append(process_time() - started)
    return min(times)
