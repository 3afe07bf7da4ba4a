"""Where the API is seen from outside."""

from collections.abc import Callable

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent


def public_url(event: APIGatewayProxyEvent, configured: Callable[[], str]) -> str:
    """The API's URL without a trailing slash: as API Gateway tells, else as configured (which may be empty).

    API Gateway tells its domain, and a path which has the stage (or a custom domain's base path) in front of ours.
    The ``Host`` header is never trusted: it is the caller's to write.
    """
    context = event.get("requestContext") or {}
    domain, path = context.get("domainName"), context.get("path") or ""
    if not domain:
        return configured().rstrip("/")
    return f"https://{domain}{path.removesuffix(event.path)}"
