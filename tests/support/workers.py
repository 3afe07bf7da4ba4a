"""The processes in which the local stack runs Lambdas."""

import os
import signal
from pathlib import Path


def workers_of(home: Path, function: str) -> list[int]:
    """Process ids of a stack's workers of a function: they work in a directory of its home that is named after it."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                place = (process / "cwd").readlink()
            except OSError:
                continue  # it ended while we looked
            if place.is_relative_to(home) and f"ministack-lambda-{function}-" in str(place):
                found.append(int(process.name))
    return found


def kill_workers(home: Path, function: str) -> list[int]:
    """Answers whom it killed, without a chance to say a last word."""
    killed = workers_of(home, function)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    return killed
