"""Sizes and counts that AWS limits and ministack does not: of Step Functions, DynamoDB and SES.

Those of Lambda and API Gateway are in their own modules. ministack itself enforces DynamoDB's other limits (400 KB an
item, 100 items or 4 MB a transaction, 25 statements a batch, 1 MB a page), and those of SQS (1 MiB) and SNS (256 KiB).
"""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

from local.emulator.iam import SEND_EMAIL
from local.emulator.patch import Emulator, patch

_SFN_QUOTAS = "docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"
_SFN_START = "docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"
_SFN_SUCCESS = "docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html"
_SFN_FAILURE = "docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskFailure.html"
_SFN_STOP = "docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html"
_BATCH_GET = "docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"
_SES_QUOTAS = "docs.aws.amazon.com/ses/latest/dg/quotas.html"
_SES_TAGS = "docs.aws.amazon.com/ses/latest/APIReference-V2/API_MessageTag.html"

PAYLOAD_BYTES = 262_144
HISTORY_EVENTS = 25_000
BATCH_GET_BYTES = 16 * 1_048_576
RECIPIENTS = 50

_NAME_CHARACTERS = 80
_FORBIDDEN_IN_NAMES = re.compile(r'[\s?*<>{}\[\]"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]')
_TAG = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ITEM_BYTES = 409_600
_EXCEEDING = "exceeding the maximum number of bytes service limit."


@patch("services.stepfunctions", "_add_event", "b1db143c", aws=_SFN_QUOTAS)
def history_and_payloads(original: Any, emulator: Emulator) -> Any:
    """An execution fails at 25,000 events, and if a state's input or output or a task's result exceeds 256 KiB.

    The 25,000th event is the failure (github.com/floci-io/floci/issues/2734). Every event with a payload is checked
    here; states inside Map and Parallel make no events in ministack, except those of tasks.
    """
    error = emulator.module("services.stepfunctions")._ExecutionError

    @functools.wraps(original)
    def add_event(execution: Mapping[str, Any], event_type: str, details: Any = None) -> Any:
        if len(execution["events"]) >= HISTORY_EVENTS - 1 and not event_type.startswith("Execution"):
            cause = f"The execution reached the maximum number of history events ({HISTORY_EVENTS})."
            raise error("States.Runtime", cause)
        for told in (details or {}).values():
            if any(_too_large(str(told.get(name) or "")) for name in ("input", "output")):
                what = told.get("name") or told.get("resource") or execution["name"]
                cause = f"The state/task '{what}' returned a result with a size {_EXCEEDING}"
                raise error("States.DataLimitExceeded", cause)
        return original(execution, event_type, details)

    return add_event


@patch("services.stepfunctions", "_invoke_resource", "a85d2be9", aws=_SFN_QUOTAS)
@patch("services.stepfunctions", "_invoke_with_callback", "bbb38423", aws=_SFN_QUOTAS)
def task_inputs(original: Any, emulator: Emulator) -> Any:
    """A task is not scheduled with more than 256 KiB of input."""
    error = emulator.module("services.stepfunctions")._ExecutionError

    @functools.wraps(original)
    def invoke(resource: str, input_data: Any, *rest: Any) -> Any:
        if _too_large(json.dumps(input_data)):
            cause = f"The state/task '{resource}' has an input with a size {_EXCEEDING}"
            raise error("States.DataLimitExceeded", cause)
        return original(resource, input_data, *rest)

    return invoke


def _too_large(text: str) -> bool:
    """Whether the JSON exceeds the limit. ministack writes it with spaces and escapes, which AWS does not count."""
    if len(text) <= PAYLOAD_BYTES // 4:
        return False
    if _is_json(text):
        text = json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    return len(text.encode()) > PAYLOAD_BYTES


@patch("services.stepfunctions", "_start_execution", "9923282f", aws=_SFN_START)
def starts(original: Any, emulator: Emulator) -> Any:
    """A name has at most 80 plain characters, an input 256 KiB of JSON; starting a running execution again returns
    it."""
    stepfunctions = emulator.module("services.stepfunctions")

    @functools.wraps(original)
    def start_execution(request: Mapping[str, Any]) -> Any:
        name, text = request.get("name"), request.get("input", "{}")
        if name is not None and (not 0 < len(name) <= _NAME_CHARACTERS or _FORBIDDEN_IN_NAMES.search(name)):
            return stepfunctions.error_response_json("InvalidName", f"Invalid Name: '{name}'", 400)
        if refused := _longer(stepfunctions, "input", text, PAYLOAD_BYTES):
            return refused
        if not _is_json(text):
            message = "Invalid State Machine Execution Input: it is not JSON"
            return stepfunctions.error_response_json("InvalidExecutionInput", message, 400)
        answer = original(request)
        if answer[0] == 400 and b"ExecutionAlreadyExists" in answer[2]:
            running = _running(stepfunctions, request)
            if running and running["input"] == text:
                found = {"executionArn": running["executionArn"], "startDate": running["startDate"]}
                return stepfunctions.json_response(found)
        return answer

    return start_execution


def _running(stepfunctions: Any, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """The execution of that name, if it runs."""
    machine = stepfunctions._resolve_state_machine_arn(request["stateMachineArn"])
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{request['name']}"
    found: dict[str, Any] | None = stepfunctions._executions.get(arn)
    return found if found and found["status"] == "RUNNING" else None


@patch("services.stepfunctions", "_send_task_success", "12eff48b", aws=_SFN_SUCCESS)
def task_outputs(original: Any, emulator: Emulator) -> Any:
    """A task's output is at most 256 KiB of JSON."""
    stepfunctions = emulator.module("services.stepfunctions")

    @functools.wraps(original)
    def send_task_success(request: Mapping[str, Any]) -> Any:
        text = request.get("output", "{}")
        if refused := _longer(stepfunctions, "output", text, PAYLOAD_BYTES):
            return refused
        if not _is_json(text):
            return stepfunctions.error_response_json("InvalidOutput", "Invalid Output: it is not JSON", 400)
        return original(request)

    return send_task_success


@patch("services.stepfunctions", "_send_task_failure", "c2a489b4", aws=_SFN_FAILURE)
@patch("services.stepfunctions", "_stop_execution", "44d2d84c", aws=_SFN_STOP)
def told_errors(original: Any, emulator: Emulator) -> Any:
    """The error of a task or an abort has at most 256 characters, its cause 32,768."""
    stepfunctions = emulator.module("services.stepfunctions")

    @functools.wraps(original)
    def call(request: Mapping[str, Any]) -> Any:
        refused = _longer(stepfunctions, "error", request.get("error"), 256)
        return refused or _longer(stepfunctions, "cause", request.get("cause"), 32_768) or original(request)

    return call


def _longer(stepfunctions: Any, field: str, text: str | None, limit: int) -> Any:
    """The error for a field that is too long, or ``None``."""
    if text is None or len(text.encode()) <= limit:
        return None
    message = (
        f"1 validation error detected: Value at '{field}' failed to satisfy constraint: "
        f"Member must have length less than or equal to {limit}"
    )
    return stepfunctions.error_response_json("ValidationException", message, 400)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


@patch("services.dynamodb", "_batch_get_item", "d6d516ae", aws=_BATCH_GET)
def batches_of_16_mb(original: Any, emulator: Emulator) -> Any:
    """``BatchGetItem`` returns at most 16 MB, and the remaining keys as ``UnprocessedKeys``."""
    dynamodb = emulator.module("services.dynamodb")

    @functools.wraps(original)
    def batch_get_item(data: dict[str, Any]) -> Any:
        asked = data.get("RequestItems") or {}
        keys = [(name, key) for name, wanted in asked.items() for key in wanted.get("Keys") or []]
        if len(keys) * _ITEM_BYTES <= BATCH_GET_BYTES:
            return original(data)
        fitting = 0
        total = 0
        for name, key in keys:
            table = dynamodb._tables.get(name)
            item = dynamodb._get_item_by_key(table, key) if table else None
            total += dynamodb._item_size_bytes(item) if item else 0
            if total > BATCH_GET_BYTES:
                break
            fitting += 1
        if fitting == len(keys):
            return original(data)
        status, headers, body = original({**data, "RequestItems": _only(asked, keys[:fitting])})
        if status == 200:
            body = json.dumps({**json.loads(body), "UnprocessedKeys": _only(asked, keys[fitting:])}).encode()
        return status, headers, body

    return batch_get_item


def _only(asked: Mapping[str, Any], keys: list[tuple[str, Any]]) -> dict[str, Any]:
    """The request with these of its keys."""
    left = {name: {**wanted, "Keys": [key for of, key in keys if of == name]} for name, wanted in asked.items()}
    return {name: wanted for name, wanted in left.items() if wanted["Keys"]}


@patch("services.ses_v2", "handle_request", "cab40239", aws=f"{_SES_QUOTAS} {_SES_TAGS}")
def recipients_and_tags(original: Any, emulator: Emulator) -> Any:
    """A mail has at most 50 recipients and tags of 256 plain characters. An account's sending rate is not modelled."""
    ses_v2 = emulator.module("services.ses_v2")

    @functools.wraps(original)
    async def handle_request(method: str, path: str, headers: Any, body: bytes, query_params: Any) -> Any:
        if method == "POST" and path.rstrip("/") == SEND_EMAIL:
            request = json.loads(body or b"{}")
            if sum(map(len, (request.get("Destination") or {}).values())) > RECIPIENTS:
                return ses_v2._json_err("BadRequestException", f"Recipient count exceeds {RECIPIENTS}.")
            for tag in request.get("EmailTags", []):
                if not all(_TAG.fullmatch(tag.get(part) or "") for part in ("Name", "Value")):
                    return ses_v2._json_err("BadRequestException", f"Invalid tag: {tag.get('Name')}")
        return await original(method, path, headers, body, query_params)

    return handle_request
