"""Lambda ``authorizer``: lets bearers of an API token in."""

from functools import cache
from typing import Any

from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.secret_keys import SecretKeys
from lambdas.adapters.system import SystemClock
from lambdas.adapters.telemetry import logger
from lambdas.api.authorizer.authorize import authorize
from lambdas.api.correlation import brought_along
from lambdas.api.logs import LoggerLog
from lambdas.settings import Settings, settings


class AuthorizerSettings(Settings):
    """Where the keys of API tokens are."""

    api_keys_secret: str


@cache
def _keys() -> SecretKeys:
    return SecretKeys(client("secretsmanager"), SystemClock(), api_secret=settings(AuthorizerSettings).api_keys_secret)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    request_id = (event.get("requestContext") or {}).get("requestId")
    logger().set_correlation_id(brought_along(event.get("headers")) or request_id)
    policy = authorize(event, _keys().api(), now=SystemClock().now(), log=LoggerLog(logger()))
    if "tenantId" in policy["context"]:
        logger().info("caller let in", tenant_id=policy["context"]["tenantId"], role=policy["context"]["role"])
    return policy
