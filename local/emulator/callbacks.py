"""A Lambda that fails while its task waits for a token fails the task, as on AWS.

ministack swallows the error of the Lambda behind ``lambda:invoke.waitForTaskToken`` and goes on waiting, for days. The
steps answer their token themselves when they can, but a killed worker cannot. Wraps two functions of ``stepfunctions``:
``_invoke_with_callback`` remembers the token, ``_call_lambda`` puts a failure into the waiting record.
"""

import functools
from contextvars import ContextVar
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_waiting: ContextVar[str | None] = ContextVar("waiting_task_token", default=None)


def install(stepfunctions: Any) -> None:
    for name in ("_invoke_with_callback", "_call_lambda", "_task_tokens", "_ExecutionError"):
        if not hasattr(stepfunctions, name):
            raise EmulatorChangedError(f"stepfunctions.{name} is gone")
    invoke, call = stepfunctions._invoke_with_callback, stepfunctions._call_lambda

    @functools.wraps(invoke)
    def invoke_with_callback(resource: str, input_data: Any, token: str, state_def: Any) -> Any:
        reset = _waiting.set(token)
        try:
            return invoke(resource, input_data, token, state_def)
        finally:
            _waiting.reset(reset)

    @functools.wraps(call)
    def call_lambda(func_ref: str, event: Any) -> Any:
        try:
            return call(func_ref, event)
        except stepfunctions._ExecutionError as error:
            _fail(stepfunctions._task_tokens, _waiting.get(), error)
            raise

    stepfunctions._invoke_with_callback = invoke_with_callback
    stepfunctions._call_lambda = call_lambda


def _fail(tokens: dict[str, Any], token: str | None, error: Any) -> None:
    """Answer the waiting task with ``error``, unless it has been answered."""
    record = tokens.get(token) if token else None
    if record is not None and not record["event"].is_set():
        record["error"] = {"Error": error.error, "Cause": error.cause}
        record["event"].set()
