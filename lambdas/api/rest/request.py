"""Reads a request: caller, URL, headers and body; and the base class of all routes."""

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn
from urllib.parse import parse_qs

from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEvent
from pydantic import ValidationError

from lambdas.api.rest.resolver import Resolver
from lambdas.domain.errors import (
    FieldError,
    ForbiddenError,
    InvalidInputError,
    MalformedJsonError,
    PayloadTooLargeError,
    UnauthenticatedError,
)
from lambdas.domain.ids import IDEMPOTENCY_KEY, CampaignId, CampaignKey
from lambdas.domain.models.access import Caller, Role
from lambdas.ports.bundle import Ports
from lambdas.services.submission import check_size, own

IDEMPOTENCY_HEADER = "Idempotency-Key"
MAX_FORM_BYTES = 1_048_576
"""About a hundred comments of maximum length, as a browser encodes them; no larger form is sent by the page."""
MAX_FORM_FIELDS = 20_100
"""A verdict and a comment for each of ten thousand posts, and the comments about the campaign."""

_IDEMPOTENCY_KEY = re.compile(IDEMPOTENCY_KEY)


def header(event: APIGatewayProxyEvent, name: str) -> str | None:
    value = event.headers.get(name)
    return value if isinstance(value, str) else None


def idempotency_key(event: APIGatewayProxyEvent) -> str | None:
    """Raises ``InvalidInputError`` for a key that is not 1 to 255 visible ASCII characters."""
    key = header(event, IDEMPOTENCY_HEADER)
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        problem = FieldError(IDEMPOTENCY_HEADER, "must be 1 to 255 visible ASCII characters")
        raise InvalidInputError(f"{problem.field} {problem.message}", errors=[problem])
    return key


def caller(event: APIGatewayProxyEvent) -> Caller:
    """The caller, according to the authorizer. Raises ``UnauthenticatedError`` if the authorizer was not called."""
    context = (event.get("requestContext") or {}).get("authorizer") or {}
    try:
        return Caller.model_validate(
            {name: context.get(name) for name in ("tenantId", "role", "subject")}, by_alias=True, by_name=False
        )
    except ValidationError:
        raise UnauthenticatedError("send an API token as Authorization: Bearer …") from None


def manager(event: APIGatewayProxyEvent) -> Caller:
    """The caller, who must be a manager. Raises ``ForbiddenError``."""
    who = caller(event)
    if who.role is not Role.MANAGER:
        raise ForbiddenError("this needs the role manager")
    return who


def bearer(event: APIGatewayProxyEvent) -> str:
    """Raises ``UnauthenticatedError``."""
    match = re.fullmatch(r"\s*Bearer +(\S+)\s*", header(event, "Authorization") or "", re.IGNORECASE)
    if match is None:
        raise UnauthenticatedError("send the approval token as Authorization: Bearer …")
    return match.group(1)


def json_body(event: APIGatewayProxyEvent, *, required: bool = True) -> Any:
    """The parsed body, at most as large as a campaign may be, without a ``tenantId`` that is the caller's own. An empty
    body is an empty object unless it is ``required``.

    Raises ``PayloadTooLargeError``, ``MalformedJsonError``, and ``TenantMismatchError`` for another tenant's.
    """
    text = _text(event)
    check_size(len(text.encode("utf-8", "surrogatepass")))
    if not text.strip() and not required:
        return {}
    if not text.strip():
        raise MalformedJsonError("the request has no body")
    return own(_parsed(text), ((event.get("requestContext") or {}).get("authorizer") or {}).get("tenantId"))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MalformedJsonError(f"the body is not valid JSON: {error.msg} at {place}") from None
    except (ValueError, RecursionError):  # NaN, a number with thousands of digits, a thousand open brackets
        raise MalformedJsonError("the body is not valid JSON") from None


def form_body(event: APIGatewayProxyEvent) -> dict[str, str]:
    """The fields of an HTML form, the last of each name, with ``\\n`` for a browser's line ends.

    Raises ``InvalidInputError``.
    """
    text = _text(event)
    if len(text) > MAX_FORM_BYTES:
        raise PayloadTooLargeError("the form is too large")
    try:
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS)
    except ValueError:
        raise InvalidInputError("the form could not be read") from None
    return {name: values[-1].replace("\r\n", "\n") for name, values in fields.items()}


def public_url(event: APIGatewayProxyEvent, configured: Callable[[], str]) -> str:
    """The API's URL without a trailing slash: from API Gateway, otherwise from the configuration (may be empty).

    API Gateway passes its domain name, and a path that begins with the stage (or a custom domain's base path). The
    ``Host`` header is not used, because the caller controls it.
    """
    context = event.get("requestContext") or {}
    domain, path = context.get("domainName"), context.get("path") or ""
    if not domain:
        return configured().rstrip("/")
    return f"https://{domain}{path.removesuffix(event.path)}"


def _text(event: APIGatewayProxyEvent) -> str:
    try:
        return event.decoded_body or ""
    except ValueError:
        raise MalformedJsonError("the body is not UTF-8") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class Routes:
    """The routes of one kind of resource, which ``offer`` adds to ``app``; they use ``ports``."""

    def __init__(self, app: Resolver, ports: Ports) -> None:
        self._app = app
        self._ports = ports
        self.offer(app)

    def offer(self, app: Resolver) -> None:
        raise NotImplementedError

    def _key(self, campaign_id: CampaignId) -> CampaignKey:
        """The campaign as one of the caller's tenant."""
        return CampaignKey(caller(self._app.current_event).tenant_id, campaign_id)

    def _root(self) -> str:
        """The API's public URL."""
        return public_url(self._app.current_event, lambda: self._ports.base_url)
