"""The processes that run Lambdas: how long they live, and where the log of an invocation ends."""

import functools
import queue
import time
import types
from collections.abc import Iterable
from typing import Any

from local.emulator.patch import Emulator, patch, replace_once

_UPDATES = "docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html"

END_OF_LOG = "\x1eend of this invocation's log"
LOG_SECONDS = 0.25
"""How long to wait for the rest of a log if its end does not come because the process has died."""

_HANDLED = "            result = handler_fn(event, context)\n"
_LOGS_ITS_END = f"""            try:
                result = handler_fn(event, context)
            finally:
                sys.stderr.write({END_OF_LOG!r} + "\\n")
                sys.stderr.flush()
"""


@patch("services.lambda_svc", "invalidate_worker", "1be5d7f7", aws=_UPDATES)
def running_invocations_finish(original: Any, emulator: Emulator) -> Any:
    """An invocation finishes even if its function is changed or deleted, or another worker of the function fails.

    ministack kills all workers of the function, including busy ones and those that are starting, so that their callers
    get an error that does not exist on AWS: "during this time […] you can still invoke" the function. A busy worker is
    removed from the pool and ended by ``given_up_workers_end``.
    """
    runtime = emulator.module("core.lambda_runtime")

    def give_up(workers: Iterable[Any]) -> None:
        idle = []
        with runtime._lock:
            for worker in workers:
                worker.given_up = worker.in_use
                if not worker.in_use:
                    idle.append(worker)
        runtime.kill_workers(idle)

    # The same code, which ends these workers instead of all.
    names = {**vars(runtime), "kill_workers": give_up}
    return types.FunctionType(original.__code__, names, original.__name__, original.__defaults__)


@patch("services.lambda_svc", "release_worker", "25d5dd7d", aws=_UPDATES)
def given_up_workers_end(original: Any, emulator: Emulator) -> Any:
    """The counterpart of ``running_invocations_finish``: a worker that was removed ends with its invocation."""
    runtime = emulator.module("core.lambda_runtime")

    @functools.wraps(original)
    def release_worker(worker: Any) -> None:
        original(worker)
        if getattr(worker, "given_up", False):
            runtime.kill_workers([worker])

    return release_worker


@patch("core.lambda_runtime", "Worker.invoke", "96751a75")
def broken_workers_end(original: Any, emulator: Emulator) -> Any:
    """A worker that could not be started or reached is ended at once: ministack forgets it and never releases it."""
    runtime = emulator.module("core.lambda_runtime")

    @functools.wraps(original)
    def invoke(self: Any, *args: Any, **named: Any) -> Any:
        try:
            return original(self, *args, **named)
        except BaseException:
            runtime.kill_workers([self])
            raise

    return invoke


@patch("core.lambda_runtime", "_PYTHON_WORKER_SCRIPT", "368800ad")
def log_with_an_end(script: str, _emulator: Emulator) -> str:
    """A worker writes a last line to its log before it answers, for ``logs_to_their_end``."""
    return replace_once(script, _HANDLED, _LOGS_ITS_END)


@patch("core.lambda_runtime", "Worker._drain_stderr_bounded", "3fd7cc74")
def logs_to_their_end(original: Any, _emulator: Emulator) -> Any:
    """The log of an invocation is everything before the end marker.

    ministack polls every millisecond for more lines until none has come for 5 ms, or for 50 ms if nothing was logged.
    That was most of the time for which a short invocation held its worker, and on a busy machine it cut logs off.
    """

    @functools.wraps(original)
    def drain(self: Any, *args: Any, **named: Any) -> str:
        if not self.config.get("Runtime", "python").startswith("python"):
            return str(original(self, *args, **named))
        lines: list[str] = []
        deadline = time.monotonic() + LOG_SECONDS
        try:
            while (line := self._stderr_queue.get(timeout=max(0.0, deadline - time.monotonic()))) != END_OF_LOG:
                lines.append(line)
        except queue.Empty:
            pass
        return "\n".join(lines)

    return drain
