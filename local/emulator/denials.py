"""The answer to a denied call may name what the authorizer said.

On AWS a gateway response's template has every variable of the context, and so what a Lambda authorizer put there with
its policy (docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html). ministack
knows some variables only and leaves ``$context.authorizer.…`` as it stands. Wraps
``apigateway_v1._authorize_request_v1``, which forgets the context of a policy that denies, and
``_gateway_error_response``, which fills the template in.
"""

import functools
import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from local.emulator.pinned import EmulatorChangedError

REPLACED = ("_authorize_request_v1", "_evaluate_policy", "_gateway_error_response", "_authorizer_cache")
_VARIABLE = re.compile(rb"\$context\.authorizer\.(\w+)")


def install(gateway: Any) -> None:
    missing = [name for name in REPLACED if not hasattr(gateway, name)]
    if missing:
        raise EmulatorChangedError(f"apigateway_v1 has no {', '.join(missing)}")
    authorize, evaluate, respond = (getattr(gateway, name) for name in REPLACED[:3])
    judged: ContextVar[Any] = ContextVar("the policy that was evaluated last", default=None)

    @functools.wraps(evaluate)
    def evaluate_policy(policy: Any, *rest: Any) -> Any:
        judged.set(policy)
        return evaluate(policy, *rest)

    @functools.wraps(authorize)
    async def authorize_request(*args: Any, **options: Any) -> Any:
        judged.set(None)
        error, context = await authorize(*args, **options)
        if error is not None and judged.get() is not None:
            # The cache has each policy beside its context: (expires, policy, context).
            error.authorizer = next(
                (kept for _, policy, kept in gateway._authorizer_cache.values() if policy is judged.get()), None
            )
        return error, context

    @functools.wraps(respond)
    def gateway_error_response(error: Any, request: Any) -> Any:
        status, headers, body = respond(error, request)
        said: Mapping[str, Any] = getattr(error, "authorizer", None) or {}
        return status, headers, _VARIABLE.sub(lambda found: _value(said, found), body)

    gateway._evaluate_policy = evaluate_policy
    gateway._authorize_request_v1 = authorize_request
    gateway._gateway_error_response = gateway_error_response


def _value(said: Mapping[str, Any], found: re.Match[bytes]) -> bytes:
    name = found.group(1).decode()
    return str(said[name]).encode() if name in said else found.group(0)
