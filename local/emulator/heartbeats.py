"""A waiting task without a heartbeat fails, as on AWS.

ministack notes ``SendTaskHeartbeat`` on the waiting record and looks at it no more. Wraps ``_invoke_with_callback`` of
``stepfunctions``: beside each wait with ``HeartbeatSeconds`` a thread sleeps until the next heartbeat is due.
"""

import contextvars
import functools
import threading
from datetime import datetime
from typing import Any

from local.emulator.pinned import EmulatorChangedError


def install(stepfunctions: Any) -> None:
    for name in ("_invoke_with_callback", "_task_tokens"):
        if not hasattr(stepfunctions, name):
            raise EmulatorChangedError(f"stepfunctions.{name} is gone")
    invoke = stepfunctions._invoke_with_callback

    @functools.wraps(invoke)
    def invoke_with_callback(resource: str, input_data: Any, token: str, state_def: Any) -> Any:
        seconds = state_def.get("HeartbeatSeconds")
        if not seconds:
            return invoke(resource, input_data, token, state_def)
        over = threading.Event()
        # The tokens are kept by account and region, which ministack keeps in context variables.
        here = contextvars.copy_context()
        watching = (_watch, stepfunctions._task_tokens, token, seconds, over)
        watch = threading.Thread(target=here.run, args=watching, daemon=True)
        watch.start()
        try:
            return invoke(resource, input_data, token, state_def)
        finally:
            over.set()

    stepfunctions._invoke_with_callback = invoke_with_callback


def _watch(tokens: dict[str, Any], token: str, seconds: float, over: threading.Event) -> None:
    """Fail the task when no heartbeat came for so long; ends with the wait."""
    seen: str | None = None
    left = seconds
    while not over.wait(left):
        record = tokens.get(token)
        if record is None or record["event"].is_set():
            return
        if record["heartbeat"] == seen:
            record["error"] = {"Error": "States.HeartbeatTimeout", "Cause": "no heartbeat came in time"}
            record["event"].set()
            return
        seen = record["heartbeat"]
        # Noted to the second: counted from then, and never for nothing.
        since = datetime.now().astimezone() - datetime.fromisoformat(str(seen).replace("Z", "+00:00"))
        left = max(0.05, seconds - since.total_seconds())
