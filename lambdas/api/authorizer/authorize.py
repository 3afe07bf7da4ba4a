"""Who may call the API: the answer of the Lambda authorizer."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambdas.api.security import SecurityLog
from lambdas.core.errors import UnauthenticatedError
from lambdas.core.tokens import KeySet, verify_api_token

_BEARER = re.compile(r"\s*Bearer +(\S+)\s*", re.IGNORECASE)


class UnauthorizedError(Exception):
    """API Gateway turns an error whose whole text is ``Unauthorized`` into a 401; any other text is a 500."""

    def __init__(self) -> None:
        super().__init__("Unauthorized")


def authorize(event: Mapping[str, Any], keys: KeySet, *, now: datetime, log: SecurityLog) -> dict[str, Any]:
    """The IAM policy for the bearer of an API token, with ``{tenantId, role, subject}`` as its context.

    ``event`` is that of a ``TOKEN`` or a ``REQUEST`` authorizer. The policy covers the whole stage, since API Gateway
    caches it by token and the next call may be to another path; roles are judged by the routes.

    Raises ``UnauthorizedError`` for a missing or invalid token.
    """
    try:
        caller = verify_api_token(keys, _bearer(event), now=now)
    except UnauthenticatedError as error:
        log.event("api_token_refused", reason=error.message)
        raise UnauthorizedError from error
    return {
        "principalId": f"{caller.tenant_id}/{caller.subject}",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": _stage(event["methodArn"])}],
        },
        "context": {"tenantId": caller.tenant_id, "role": caller.role.value, "subject": caller.subject},
    }


def _bearer(event: Mapping[str, Any]) -> str:
    header = event.get("authorizationToken")
    if header is None:
        headers = event.get("headers") or {}
        header = next((value for name, value in headers.items() if name.lower() == "authorization"), None)
    match = _BEARER.fullmatch(header) if isinstance(header, str) else None
    if match is None:
        raise UnauthenticatedError("there is no bearer token")
    return match.group(1)


def _stage(method_arn: str) -> str:
    """``arn:…:<api>/<stage>/<METHOD>/<path>`` to everything of the stage."""
    api, stage = method_arn.split("/")[:2]
    return f"{api}/{stage}/*"
