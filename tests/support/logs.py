"""The process's logger under pytest, which gives each phase of each test a stdout of its own."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from typing import Any

from lambdas.adapters import telemetry


class _CurrentStdout:
    def write(self, text: str) -> int:
        return sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


def follow_stdout() -> None:
    """Let the logger print to whatever stdout is when it prints, and not to what it was when it was made."""
    handler: Any = telemetry.logger().registered_handler
    handler.stream = _CurrentStdout()


@contextmanager
def silence() -> Iterator[None]:
    """Neither logs nor metrics: a run of thousands of steps would bury what failed."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        logging.disable(before)
