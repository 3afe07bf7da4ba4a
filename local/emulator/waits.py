"""An execution starts when it is started.

ministack lets each execution sleep for 0.15 s before its first state, which is a fifth of a small campaign's time.
Replaces the name ``time`` in ``stepfunctions`` by one whose ``sleep`` leaves that pause out and keeps every other.
"""

import inspect
import time
from types import SimpleNamespace
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_PAUSE_SECONDS = 0.15


def install(stepfunctions: Any) -> None:
    if stepfunctions.time is not time:
        raise EmulatorChangedError("stepfunctions.time is not the standard library's")
    if f"time.sleep({_PAUSE_SECONDS})" not in inspect.getsource(stepfunctions._run_execution):
        raise EmulatorChangedError("stepfunctions._run_execution begins in another way")

    def sleep(seconds: float) -> None:
        if seconds != _PAUSE_SECONDS:
            time.sleep(seconds)

    stepfunctions.time = SimpleNamespace(**{**vars(time), "sleep": sleep})
