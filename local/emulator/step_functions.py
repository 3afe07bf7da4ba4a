"""How an execution runs a task; corrects ministack where it differs from AWS."""

import contextvars
import functools
import threading
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from local.emulator.patch import Emulator, patch

_ERRORS = "docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"
_CALLBACK = "docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html"
_MAP = "docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html"

_WILDCARDS = ("States.ALL", "States.TaskFailed")
_TERMINAL = ("States.DataLimitExceeded", "States.Runtime")
_MAP_LIMITS = ("MaxConcurrency", "ToleratedFailureCount", "ToleratedFailurePercentage")

_waiting: ContextVar[str | None] = ContextVar("waiting_task_token", default=None)


@patch("services.stepfunctions", "_error_matches", "519b9dc7", aws=_ERRORS)
def error_names(original: Any, _emulator: Emulator) -> Any:
    """``States.Timeout`` includes a missed heartbeat, and no wildcard catches or retries a terminal error.

    ministack compares names, so a catch of ``States.Timeout`` does not catch a missed heartbeat, and ``States.ALL``
    catches errors that end an execution on AWS whatever it catches.
    """

    @functools.wraps(original)
    def error_matches(listed: Sequence[str], error: str) -> bool:
        if error == "States.HeartbeatTimeout" and "States.Timeout" in listed:
            return True
        if error in _TERMINAL:
            listed = [name for name in listed if name not in _WILDCARDS]
        return bool(original(listed, error))

    return error_matches


@patch("services.stepfunctions", "_apply_parameters", "a90d5822", aws=_CALLBACK)
def a_token_for_each_attempt(original: Any, emulator: Emulator) -> Any:
    """Each attempt of a waiting task has its own token.

    ministack makes one for all of them, so that a repeated attempt cannot be distinguished from a duplicate delivery.
    """
    new_token = emulator.module("services.stepfunctions").new_uuid

    @functools.wraps(original)
    def apply_parameters(state_def: Mapping[str, Any], data: Any, ctx: Any = None) -> Any:
        if str(state_def.get("Resource", "")).endswith(".waitForTaskToken"):
            ctx["Task"] = {"Token": new_token()}
        return original(state_def, data, ctx)

    return apply_parameters


@patch("services.stepfunctions", "_invoke_with_callback", "bbb38423", aws=_CALLBACK)
def remember_the_token(original: Any, _emulator: Emulator) -> Any:
    """For ``a_failed_call_fails_the_task``: the token that the call is made for."""

    @functools.wraps(original)
    def invoke_with_callback(resource: str, input_data: Any, token: str, state_def: Any) -> Any:
        reset = _waiting.set(token)
        try:
            return original(resource, input_data, token, state_def)
        finally:
            _waiting.reset(reset)

    return invoke_with_callback


@patch("services.stepfunctions", "_call_lambda", "25830369", aws=_CALLBACK)
def a_failed_call_fails_the_task(original: Any, emulator: Emulator) -> Any:
    """A Lambda that fails while its task waits for a token fails the task.

    ministack swallows the error of the Lambda behind ``lambda:invoke.waitForTaskToken`` and goes on waiting, for days.
    The steps answer their token themselves when they can, but a killed worker cannot.
    """
    stepfunctions = emulator.module("services.stepfunctions")

    @functools.wraps(original)
    def call_lambda(func_ref: str, event: Any) -> Any:
        try:
            return original(func_ref, event)
        except stepfunctions._ExecutionError as error:
            token = _waiting.get()
            if token:
                _fail(stepfunctions._task_tokens.get(token), error.error, error.cause)
            raise

    return call_lambda


@patch("services.stepfunctions", "_invoke_with_callback", "bbb38423", aws=_ERRORS)
def missed_heartbeats(original: Any, emulator: Emulator) -> Any:
    """A waiting task that gets no heartbeat within ``HeartbeatSeconds`` fails.

    ministack stores ``SendTaskHeartbeat`` on the waiting record and never looks at it.
    """
    tokens = emulator.module("services.stepfunctions")._task_tokens

    @functools.wraps(original)
    def invoke_with_callback(resource: str, input_data: Any, token: str, state_def: Any) -> Any:
        seconds = state_def.get("HeartbeatSeconds")
        if not seconds:
            return original(resource, input_data, token, state_def)
        over = threading.Event()
        # The tokens are kept by account and region, which ministack keeps in context variables.
        here = contextvars.copy_context()
        threading.Thread(target=here.run, args=(_watch, tokens, token, seconds, over), daemon=True).start()
        try:
            return original(resource, input_data, token, state_def)
        finally:
            over.set()

    return invoke_with_callback


def _watch(tokens: Mapping[str, Any], token: str, seconds: float, over: threading.Event) -> None:
    """Fail the task when no heartbeat came for that long; ends with the wait."""
    seen: str | None = None
    left = seconds
    while not over.wait(left):
        record = tokens.get(token)
        if record is None or record["event"].is_set():
            return
        if record["heartbeat"] == seen:
            _fail(record, "States.HeartbeatTimeout", "no heartbeat came in time")
            return
        seen = record["heartbeat"]
        # Stored with a precision of a second: counted from then, so that a heartbeat always counts.
        since = datetime.now().astimezone() - datetime.fromisoformat(str(seen).replace("Z", "+00:00"))
        left = max(0.05, seconds - since.total_seconds())


def _fail(record: dict[str, Any] | None, error: str, cause: str) -> None:
    """Answer the waiting task of the record with an error, unless it was answered."""
    if record is not None and not record["event"].is_set():
        record["error"] = {"Error": error, "Cause": cause}
        record["event"].set()


@patch("services.stepfunctions", "_run_distributed_map", "2b77d3ec", aws=_MAP)
def limits_of_a_map(original: Any, emulator: Emulator) -> Any:
    """A Distributed Map takes its limits from the state's input if the definition has their ``…Path`` forms.

    ministack reads only the literal ones, so a campaign's own limit would have no effect.
    """
    resolve = emulator.module("services.stepfunctions")._resolve_path_or_ctx

    @functools.wraps(original)
    def run_distributed_map(state_def: Mapping[str, Any], raw_input: Any, effective: Any, *rest: Any) -> Any:
        found = {
            limit: resolve(state_def[f"{limit}Path"], effective, rest[-1])
            for limit in _MAP_LIMITS
            if f"{limit}Path" in state_def
        }
        return original({**state_def, **found}, raw_input, effective, *rest)

    return run_distributed_map
