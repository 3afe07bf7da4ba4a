"""API Gateway's limits and errors; corrects ministack where it differs from AWS."""

import asyncio
import functools
import json
import re
import time
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from local.emulator.lambdas import REQUEST_BYTES
from local.emulator.patch import Emulator, patch

_QUOTAS = "docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html"
_ERRORS = "docs.aws.amazon.com/apigateway/latest/developerguide/handle-errors-in-lambda-integration.html"
_RESPONSES = "docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html"
_LOGS = "docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html"

PAYLOAD_BYTES = 10_485_760
TIMEOUT_SECONDS = 29.0
_STAGE = "_RESOURCE_HANDLERS.AWS::ApiGateway::Stage"

_AUTHORIZER_VARIABLE = re.compile(rb"\$context\.authorizer\.(\w+)")
_judged: ContextVar[Any] = ContextVar("judged_policy", default=None)
"""The policy that this request's authorizer returned."""

began: ContextVar[list[float] | None] = ContextVar("invocation_began", default=None)
"""The time at which the invocation of a request got its worker, set by the slots. Waiting for a worker does not count
as integration time, because on AWS there is no such wait."""


@patch("services.apigateway_v1", "_execute_in_scope", "2ae72b7d", aws=_QUOTAS)
def large_requests(original: Any, emulator: Emulator) -> Any:
    """A request over 10 MB is answered with 413, and so is one that Lambda would refuse (6 MB)."""
    gateway = emulator.module("services.apigateway_v1")

    @functools.wraps(original)
    async def execute_in_scope(request: dict[str, Any], api: str, stage: str, method: str, *rest: Any) -> Any:
        _path, _headers, body, *_ = rest
        if len(body or b"") > PAYLOAD_BYTES or _escaped(body or b"") > REQUEST_BYTES:
            found = gateway._stages_v1.get(api, {}).get(stage)
            if found:
                request["stage"] = found
                return gateway._gw_error("REQUEST_TOO_LARGE", "Request Too Long")
        return await original(request, api, stage, method, *rest)

    return execute_in_scope


def _escaped(body: bytes) -> int:
    """Size of the body as a JSON string, in which form Lambda gets it."""
    if len(body) * 6 <= REQUEST_BYTES:
        return len(body)
    return len(json.dumps(body.decode(errors="replace"), ensure_ascii=False).encode())


@patch("services.apigateway_v1", "_invoke_lambda_proxy_v1", "5651a96f", aws=_QUOTAS)
def integration_timeout(original: Any, emulator: Emulator) -> Any:
    """An integration that takes longer than 29 s (or its own ``timeoutInMillis``) is answered with 504; the function
    goes on."""
    gateway = emulator.module("services.apigateway_v1")

    @functools.wraps(original)
    async def invoke(integration: Mapping[str, Any], *rest: Any, **named: Any) -> Any:
        limit = min(TIMEOUT_SECONDS, (integration.get("timeoutInMillis") or TIMEOUT_SECONDS * 1000) / 1000)
        noted: list[float] = []
        began.set(noted)
        answer = asyncio.ensure_future(original(integration, *rest, **named))
        left = limit
        while left > 0:
            done, _ = await asyncio.wait({answer}, timeout=left)
            if done:
                return answer.result()
            left = limit - (time.monotonic() - noted[0]) if noted else limit
        answer.add_done_callback(lambda late: late.cancelled() or late.exception())
        return gateway._gw_error("INTEGRATION_TIMEOUT", "Endpoint request timed out")

    return invoke


@patch("services.apigateway_v1", "_lambda_proxy_response", "3a5b91b7", aws=_ERRORS)
def errors_of_functions(original: Any, _emulator: Emulator) -> Any:
    """A failed function is answered with 502 ``Internal server error``; ministack returns the function's own error."""

    @functools.wraps(original)
    def lambda_proxy_response(result: Any) -> Any:
        response, error = original(result)
        return response, error and "Internal server error"

    return lambda_proxy_response


@patch("services.apigateway_v1", "_evaluate_policy", "700e1942", aws=_RESPONSES)
def remember_the_policy(original: Any, _emulator: Emulator) -> Any:
    """For ``keep_what_the_authorizer_said``: the policy that was evaluated."""

    @functools.wraps(original)
    def evaluate_policy(policy: Any, *rest: Any) -> Any:
        _judged.set(policy)
        return original(policy, *rest)

    return evaluate_policy


@patch("services.apigateway_v1", "_authorize_request_v1", "46b3fe37", aws=_RESPONSES)
def keep_what_the_authorizer_said(original: Any, emulator: Emulator) -> Any:
    """The context that an authorizer returned with a denying policy is kept for the error response; ministack drops
    it."""
    gateway = emulator.module("services.apigateway_v1")

    @functools.wraps(original)
    async def authorize_request(*args: Any, **options: Any) -> Any:
        _judged.set(None)
        error, context = await original(*args, **options)
        if error is not None and _judged.get() is not None:
            # The cache stores each policy with its context: (expires, policy, context).
            kept = (said for _, policy, said in gateway._authorizer_cache.values() if policy is _judged.get())
            error.authorizer = next(kept, None)
        return error, context

    return authorize_request


@patch("services.apigateway_v1", "_gateway_error_response", "c0a3f091", aws=_RESPONSES)
def tell_what_the_authorizer_said(original: Any, _emulator: Emulator) -> Any:
    """A gateway response's template may use ``$context.authorizer.…``; ministack does not replace it."""

    @functools.wraps(original)
    def gateway_error_response(error: Any, request: Any) -> Any:
        status, headers, body = original(error, request)
        said: Mapping[str, Any] = getattr(error, "authorizer", None) or {}

        def value(found: re.Match[bytes]) -> bytes:
            name = found.group(1).decode()
            return str(said[name]).encode() if name in said else found.group(0)

        return status, headers, _AUTHORIZER_VARIABLE.sub(value, body)

    return gateway_error_response


@patch("services.cloudformation.provisioners", f"{_STAGE}.create", "eb1c734c", aws=_LOGS)
@patch("services.cloudformation.provisioners", f"{_STAGE}.update", "6d98ef2a", aws=_LOGS)
def logs_need_a_role(original: Any, emulator: Emulator) -> Any:
    """A stage with logs cannot be deployed in an account whose API Gateway has no role for CloudWatch."""
    settings = emulator.module("services.apigateway_v1")._account_settings

    @functools.wraps(original)
    def deploy(physical_id: str, *rest: Any, **named: Any) -> Any:
        *_, props, _stack_name = rest
        logged = any(each.get("LoggingLevel", "OFF") != "OFF" for each in props.get("MethodSettings") or [])
        if (logged or props.get("AccessLogSetting")) and not (settings.get("settings") or {}).get("cloudwatchRoleArn"):
            raise ValueError(
                "CloudWatch Logs role ARN must be set in account settings to enable logging "
                "(Service: ApiGateway, Status Code: 400)"
            )
        return original(physical_id, *rest, **named)

    return deploy
