"""A Lambda that fails while its task waits for a token fails the task, as on AWS.

ministack swallows the error of the Lambda behind ``lambda:invoke.waitForTaskToken`` and goes on waiting, for days. The
steps answer their token themselves when they can, but a killed worker cannot. Wraps two functions of ``stepfunctions``:
``_invoke_with_callback`` remembers the token, ``_call_lambda`` puts a failure into the waiting record.

And each attempt of such a task has a token of its own, as on AWS; ministack makes one for all of them, so that nobody
can tell a question asked again from one delivered twice. Wraps ``_apply_parameters``, which puts it into the payload.
"""

import functools
from contextvars import ContextVar
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_waiting: ContextVar[str | None] = ContextVar("waiting_task_token", default=None)


def install(stepfunctions: Any) -> None:
    for name in ("_invoke_with_callback", "_call_lambda", "_apply_parameters", "_task_tokens", "_ExecutionError"):
        if not hasattr(stepfunctions, name):
            raise EmulatorChangedError(f"stepfunctions.{name} is gone")
    invoke, call = stepfunctions._invoke_with_callback, stepfunctions._call_lambda
    apply = stepfunctions._apply_parameters

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

    @functools.wraps(apply)
    def apply_parameters(state_def: Any, data: Any, ctx: Any) -> Any:
        if str(state_def.get("Resource", "")).endswith(".waitForTaskToken"):
            ctx["Task"] = {"Token": stepfunctions.new_uuid()}
        return apply(state_def, data, ctx)

    stepfunctions._apply_parameters = apply_parameters
    stepfunctions._invoke_with_callback = invoke_with_callback
    stepfunctions._call_lambda = call_lambda


def _fail(tokens: dict[str, Any], token: str | None, error: Any) -> None:
    """Answer the waiting task with ``error``, unless it has been answered."""
    record = tokens.get(token) if token else None
    if record is not None and not record["event"].is_set():
        record["error"] = {"Error": error.error, "Cause": error.cause}
        record["event"].set()
