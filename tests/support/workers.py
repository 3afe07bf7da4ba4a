"""The processes in which a local stack runs Lambdas."""

import os
import re
import signal
from pathlib import Path


def workers_of(home: Path, function: str) -> list[int]:
    """Process ids of the workers of a function in the stack of this home: each works in a directory named after both.

    Other stacks may run on this machine, and their workers are none of ours.
    """
    place = f"{home.resolve()}/tmp/ministack-lambda-{function}-"
    named = re.compile(re.escape(place) + r"\w{8}(/code)?( \(deleted\))?")
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                cwd = (process / "cwd").readlink()
            except OSError:
                continue  # it ended while we looked
            if named.fullmatch(str(cwd)):
                found.append(int(process.name))
    return found


def kill_workers(home: Path, function: str) -> list[int]:
    """Answers whom it killed, without a chance to say a last word."""
    killed = workers_of(home, function)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    return killed
