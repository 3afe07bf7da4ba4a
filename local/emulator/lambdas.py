"""How Lambda invokes and answers; corrects ministack where it differs from AWS."""

import functools
import json
from collections.abc import Callable
from typing import Any

from local.emulator.patch import Emulator, patch, replace_once

_INVOKE = "docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"
_EXCEPTIONS = "docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"
_QUOTAS = "docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"
_ASYNC = "docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html"
_SNS = "docs.aws.amazon.com/lambda/latest/dg/with-sns.html"

REQUEST_BYTES = 6_291_456
RESPONSE_BYTES = 6_291_556
ASYNC_BYTES = 1_048_576
"""Since October 2025; 262,144 bytes before."""

_MARK = "_ministack_handler_error"
_FAILS = (
    """_real_stdout.write(json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()}) + "\\n")"""
)
_ANSWERS = (
    """_real_stdout.write(json.dumps({"status": "ok", "result": {"errorMessage": str(e), """
    """"errorType": type(e).__name__, "stackTrace": traceback.format_exc().splitlines(), """
    f""""{_MARK}": True"""
    """}}) + "\\n")"""
)
_INIT_FAILS = """_real_stdout.write(json.dumps({"status": "error", "error": str(e)}) + "\\n")"""
_INIT_EXPLAINS = (
    """_real_stdout.write(json.dumps({"status": "error", "error": type(e).__name__ + ": " + str(e)}) + "\\n")"""
)

Result = dict[str, Any]


@patch("core.lambda_runtime", "_PYTHON_WORKER_SCRIPT", "368800ad", aws=_EXCEPTIONS)
def exceptions_by_name(script: str, _emulator: Emulator) -> str:
    """A handler's exception is reported by its class name, and the environment is reused.

    Retry and Catch name exceptions by their class. ministack reports each as ``Runtime.HandlerError`` and ends the
    worker. Here the worker returns a marked result, which ``errors_of_invocations`` turns into a failed invocation.
    """
    return replace_once(replace_once(script, _FAILS, _ANSWERS), _INIT_FAILS, _INIT_EXPLAINS)


@patch("services.lambda_svc", "_execute_function_warm", "62b9218b", aws=_EXCEPTIONS)
def errors_of_invocations(original: Any, _emulator: Emulator) -> Any:
    """Failed invocations have AWS's error types; if the environment itself ended, it is ``Runtime.ExitError``."""

    @functools.wraps(original)
    def execute_function_warm(func: Any, event: Any, request_id: str) -> Result:
        return as_on_aws(original(func, event, request_id))

    return execute_function_warm


def as_on_aws(result: Result) -> Result:
    """An executor's ``{body, error?, log}`` with the error types of AWS."""
    body = result.get("body")
    if isinstance(body, dict) and body.get(_MARK):
        trace = "\n".join(body["stackTrace"])
        answer = {key: value for key, value in body.items() if key != _MARK}
        return {"body": answer, "error": True, "log": "\n".join(filter(None, [result.get("log"), trace]))}
    if isinstance(body, dict) and result.get("error"):
        return {**result, "body": {**body, "errorType": _environment_error(body)}}
    return result


def _environment_error(body: dict[str, Any]) -> str:
    """The AWS name of an environment's failure."""
    message, name = str(body.get("errorMessage", "")), str(body.get("errorType", "Lambda.Unknown"))
    if message.startswith("Worker init failed: ImportError") or "ModuleNotFoundError" in message:
        return "Runtime.ImportModuleError"
    if name == "Runtime.HandlerError" or message.startswith("Worker process exited immediately"):
        return "Runtime.ExitError"
    return name


@patch("services.lambda_svc", "_execute_function_warm", "62b9218b", aws=_QUOTAS)
def large_responses(original: Any, _emulator: Emulator) -> Any:
    """A response of more than 6 MB fails the invocation."""

    @functools.wraps(original)
    def execute_function_warm(func: Any, event: Any, request_id: str) -> Result:
        result: Result = original(func, event, request_id)
        if size_at_most(result.get("body"), RESPONSE_BYTES):
            return result
        message = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES} bytes)."
        error = {"errorType": "Function.ResponseSizeTooLarge", "errorMessage": message}
        return {**result, "body": error, "error": True}

    return execute_function_warm


@patch("services.lambda_svc", "_invoke", "ab193779", aws=_INVOKE)
def large_requests(original: Any, emulator: Emulator) -> Any:
    """A payload of more than 6 MB, or 1 MB of an asynchronous invocation, is refused."""
    refused = emulator.module("core.responses").error_response_json

    @functools.wraps(original)
    async def invoke(name: str, event: Any, headers: Any, *rest: Any, **named: Any) -> Any:
        kind = {key.lower(): value for key, value in headers.items()}.get("x-amz-invocation-type")
        if kind == "Event" and not size_at_most(event, ASYNC_BYTES):
            message = (
                f"{size(event)} byte payload is too large for the Event invocation type (limit {ASYNC_BYTES} bytes)"
            )
            return refused("RequestEntityTooLargeException", message, 413)
        if not size_at_most(event, REQUEST_BYTES):
            message = f"Request must be smaller than {REQUEST_BYTES} bytes for the InvokeFunction operation"
            return refused("RequestEntityTooLargeException", message, 413)
        return await original(name, event, headers, *rest, **named)

    return invoke


def size(value: Any) -> int:
    """Bytes of the value as compact JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode())


def size_at_most(value: Any, limit: int) -> bool:
    """Without encoding values that are obviously small: JSON has at most six bytes for a character of the
    representation."""
    return len(repr(value)) * 6 <= limit or size(value) <= limit


@patch("services.lambda_svc", "invoke_async_with_retry", "289fe4d3", aws=_ASYNC)
def configuration_of_the_qualifier(original: Any, emulator: Emulator) -> Any:
    """An asynchronous invocation uses the configuration (retries, age, destinations) of its qualifier.

    ministack stores one for each qualifier but only uses that of ``$LATEST``, which a version's record does not
    contain, so that an event refused by an alias reaches no queue. A configuration that is put without a qualifier
    belongs to ``$LATEST``.
    """
    lambda_svc = emulator.module("services.lambda_svc")

    @functools.wraps(original)
    def invoke_async_with_retry(func: dict[str, Any], event: Any) -> None:
        name, qualifier = lambda_svc._resolve_name_and_qualifier(func["config"]["FunctionArn"])
        record = lambda_svc._functions.get(name) or {}
        configs = record.get("event_invoke_configs") or {}
        if qualifier in (None, "", "$LATEST"):
            found = configs.get("$LATEST") or configs.get("") or record.get("event_invoke_config")
        else:
            found = configs.get(qualifier)
        original({**func, "event_invoke_config": found, "event_invoke_configs": {}}, event)

    return invoke_async_with_retry


@patch("services.sns", "_deliver_to_lambda", "aa6b8a8c", aws=_SNS)
def notifications(_original: Any, emulator: Emulator) -> Any:
    """SNS invokes a Lambda asynchronously: with retries, and a destination for events that fail for good.

    ministack runs the function once and logs the failure. EventBridge's rules are handled correctly already.
    """
    lambda_svc = emulator.module("services.lambda_svc")

    def deliver(endpoint: str, envelope: str, _topic: str, sub_arn: str, *_: object) -> None:
        function, config, _name = lambda_svc._get_func_record_for_ref(endpoint)
        if not function or not config:
            return  # deleted meanwhile
        record = {"EventVersion": "1.0", "EventSubscriptionArn": sub_arn, "EventSource": "aws:sns"}
        event = {"Records": [{**record, "Sns": json.loads(envelope)}]}
        invoke: Callable[..., None] = lambda_svc.invoke_async_with_retry
        invoke(lambda_svc._execution_record_for_config(function, config), event)

    return deliver
