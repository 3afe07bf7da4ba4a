"""Exceptions reach the workflow by their class name, and a handler's exception does not kill its worker.

On AWS the ``errorType`` of a failed invocation is the exception's class, which is what Retry and Catch name, and
the environment lives on. ministack reports each as ``Runtime.HandlerError`` and terminates the worker.

Replaces two fragments of ``lambda_runtime._PYTHON_WORKER_SCRIPT``, so that the worker answers a handler's
exception as a marked result, and wraps ``lambda_svc._execute_function_warm``, which turns the mark back into
a failed invocation. What remains as ``Runtime.HandlerError`` after that is the environment's own end (killed, or
exited), which AWS calls ``Runtime.ExitError``.
"""

import functools
from typing import Any

from local.emulator.pinned import EmulatorChangedError, replace_once

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


def install(lambda_svc: Any, lambda_runtime: Any) -> None:
    """Correct the worker script and the executor that reads its answers."""
    if not callable(getattr(lambda_svc, "_execute_function_warm", None)):
        raise EmulatorChangedError("lambda_svc._execute_function_warm is gone")
    script = replace_once(lambda_runtime._PYTHON_WORKER_SCRIPT, _FAILS, _ANSWERS)
    lambda_runtime._PYTHON_WORKER_SCRIPT = replace_once(script, _INIT_FAILS, _INIT_EXPLAINS)
    execute = lambda_svc._execute_function_warm

    @functools.wraps(execute)
    def execute_function_warm(func: Any, event: Any, request_id: str) -> dict[str, Any]:
        return as_on_aws(execute(func, event, request_id))

    lambda_svc._execute_function_warm = execute_function_warm


def as_on_aws(result: dict[str, Any]) -> dict[str, Any]:
    """An executor's ``{body, error?, log}`` with the error types of AWS."""
    body = result.get("body")
    if not isinstance(body, dict):
        return result
    if body.get(_MARK):
        trace = "\n".join(body["stackTrace"])
        answer = {key: value for key, value in body.items() if key != _MARK}
        return {"body": answer, "error": True, "log": "\n".join(filter(None, [result.get("log"), trace]))}
    if result.get("error"):
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
