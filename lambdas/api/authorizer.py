"""Lambda ``authorizer``: checks the bearer tokens of API calls."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambdas.adapters.telemetry import logger
from lambdas.api.problems import brought_along, type_of
from lambdas.bootstrap import ports_for
from lambdas.domain.errors import UnauthenticatedError
from lambdas.domain.models.access import KeySet
from lambdas.ports.services import SecurityLog
from lambdas.services.tokens import verify_api_token
from lambdas.settings import CallerSettings

_BEARER = re.compile(r"\s*Bearer +(\S+)\s*", re.IGNORECASE)


class NothingSentError(Exception):
    """``Unauthorized`` is the message that makes API Gateway answer as if there were no header at all
    (docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html)."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def authorize(event: Mapping[str, Any], keys: KeySet, *, now: datetime, log: SecurityLog) -> dict[str, Any]:
    """The IAM policy for the bearer of an API token, with ``{tenantId, role, subject}`` as its context.

    ``event`` is that of a ``TOKEN`` or a ``REQUEST`` authorizer. The policy covers the whole stage, because API Gateway
    caches it by token and the next call may be to another path; the routes check the role.

    An invalid token gets a policy that denies, with ``{problem, reason}`` as its context: an error could not give a
    reason, but the response to a denial (``ACCESS_DENIED``, changed to 401 in ``stacks/api.py``) may contain values
    from the context (docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html).
    Raises ``NothingSentError`` if there is no bearer token.
    """
    # The response contains the gateway's own request id.
    request_id = (event.get("requestContext") or {}).get("requestId") or ""
    token = _bearer(event)
    if token is None:
        log.event("api_token_refused", reason="there is no bearer token", request_id=request_id)
        raise NothingSentError
    try:
        caller = verify_api_token(keys, token, now=now)
    except UnauthenticatedError as error:
        log.event("api_token_refused", reason=error.message, request_id=request_id)
        return _policy(event, "Deny", "nobody", {"problem": type_of(error.code), "reason": error.message})
    context = {"tenantId": caller.tenant_id, "role": caller.role.value, "subject": caller.subject}
    return _policy(event, "Allow", f"{caller.tenant_id}/{caller.subject}", context)


def _policy(event: Mapping[str, Any], effect: str, principal: str, context: Mapping[str, str]) -> dict[str, Any]:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": _stage(event["methodArn"])}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": dict(context),
    }


def _bearer(event: Mapping[str, Any]) -> str | None:
    header = event.get("authorizationToken")
    if header is None:
        headers = event.get("headers") or {}
        header = next((value for name, value in headers.items() if name.lower() == "authorization"), None)
    match = _BEARER.fullmatch(header) if isinstance(header, str) else None
    return match.group(1) if match else None


def _stage(method_arn: str) -> str:
    """``arn:…:<api>/<stage>/<METHOD>/<path>`` changed to cover the whole stage."""
    api, stage = method_arn.split("/")[:2]
    return f"{api}/{stage}/*"


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    ports = ports_for(CallerSettings)
    request_id = (event.get("requestContext") or {}).get("requestId")
    logger().set_correlation_id(brought_along(event.get("headers")) or request_id)
    policy = authorize(event, ports.keys.api(), now=ports.clock.now(), log=ports.log)
    if "tenantId" in policy["context"]:
        logger().info("caller let in", tenant_id=policy["context"]["tenantId"], role=policy["context"]["role"])
    return policy
