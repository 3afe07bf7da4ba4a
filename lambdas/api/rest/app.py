"""The REST API as one object: routes, problem details and headers."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from aws_lambda_powertools.event_handler.exceptions import NotFoundError as NoRouteError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic.alias_generators import to_camel

from lambdas.api.problems import HEADER, brought_along, problem, unexpected
from lambdas.api.rest.answers import Answer, problem_answer
from lambdas.api.rest.approvals import ApprovalRequestRoutes, ApprovalRoutes
from lambdas.api.rest.campaigns import CampaignRoutes, CopyAndEndRoutes, RetryRoutes
from lambdas.api.rest.catalog import BrandRoutes, PersonaRoutes, SettingsRoutes
from lambdas.api.rest.documents import DocumentRoutes
from lambdas.api.rest.executions import ExecutionRoutes
from lambdas.api.rest.posts import PostRoutes
from lambdas.api.rest.request import caller
from lambdas.api.rest.resolver import PAGES, Resolver, refuse_unknown_parameters
from lambdas.domain.errors import (
    CampaignError,
    FieldError,
    InvalidInputError,
    MethodNotAllowedError,
    NotFoundError,
    RetryableError,
    TenantMismatchError,
    UnauthenticatedError,
)
from lambdas.domain.ids import CorrelationId
from lambdas.domain.models.base import field_error
from lambdas.ports.bundle import Ports

RETRY_AFTER_SECONDS = 5
_EVERYWHERE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
"""Every response belongs to a tenant, so no cache may keep it."""


class Api:
    """``handle`` does all the work of the Lambda. One object serves one request at a time, as a Lambda does."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._resolver = resolver = Resolver(enable_validation=True, response_validation_error_http_code=500)
        resolver.use(middlewares=[refuse_unknown_parameters])
        resolver.not_found(self._no_route)
        resolver.exception_handler(RequestValidationError)(self._invalid_parameters)
        resolver.exception_handler(CampaignError)(self._refused)
        resolver.exception_handler(Exception)(self._unexpected)
        for routes in (
            CampaignRoutes,
            CopyAndEndRoutes,
            ExecutionRoutes,
            RetryRoutes,
            PostRoutes,
            BrandRoutes,
            PersonaRoutes,
            SettingsRoutes,
            ApprovalRoutes,
            ApprovalRequestRoutes,
            DocumentRoutes,
        ):
            routes(resolver, ports)

    def handle(self, event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
        """Answer an API Gateway REST proxy event (payload 1.0)."""
        correlation = brought_along(event.get("headers")) or CorrelationId(self._ports.ids.ulid())
        self._ports.log.begin(correlation)
        self._resolver.context["correlation_id"] = correlation
        response: dict[str, Any] = self._resolver.resolve(dict(event), context)
        response["statusCode"] = int(response["statusCode"])
        if event["httpMethod"] == "HEAD" or response.get("body") is None:
            response["body"] = ""  # not null: not every proxy treats that as an empty body
        headers = response.setdefault("multiValueHeaders", {})
        for name, value in (_EVERYWHERE | {HEADER: correlation}).items():
            headers.setdefault(name, [value])
        self._ports.log.served(event["httpMethod"], event.get("resource") or event["path"], response["statusCode"])
        return response

    @property
    def resolver(self) -> Resolver:
        return self._resolver

    def _refused(self, error: CampaignError) -> Answer:
        headers = {}
        if isinstance(error, UnauthenticatedError):
            # RFC 6750, section 3.1: a request without a token gets no error code.
            nothing_sent = type(error) is UnauthenticatedError
            headers["WWW-Authenticate"] = "Bearer" if nothing_sent else 'Bearer error="invalid_token"'
        if isinstance(error, RetryableError):
            headers["Retry-After"] = str(error.details.get("retryAfterSeconds", RETRY_AFTER_SECONDS))
        if isinstance(error, MethodNotAllowedError):
            headers["Allow"] = ", ".join(error.details["allowed"])
        if isinstance(error, TenantMismatchError):
            who = caller(self._resolver.current_event)
            self._ports.log.event("tenant_mismatch", tenant_id=who.tenant_id, subject=who.subject)
        correlation = self._resolver.context["correlation_id"]
        return problem_answer(problem(error, correlation), headers=headers)

    def _no_route(self, _error: NoRouteError) -> Answer:
        event = self._resolver.current_event
        allowed = self._resolver.methods_of(event.path)
        if event.http_method in allowed:  # except what is in the path, which no id contains
            return self._no_such_id(list(self._resolver.parameters_of(event.path, event.http_method)))
        if allowed:
            message = f"{event.http_method} is not allowed here"
            return self._refused(MethodNotAllowedError(message, details={"allowed": allowed}))
        return self._refused(NotFoundError("there is nothing at this path"))

    def _invalid_parameters(self, error: RequestValidationError) -> Answer:
        """Parameters that Powertools rejected, as this project's errors. An id with an invalid form names nothing:
        404."""
        if self._resolver.current_event.path.startswith(PAGES):
            # A link with a part twice is one that nobody mailed, and its reader is a person.
            from lambdas.api.pages import outcomes as pages

            self._ports.log.event("approval_link_refused", reason="a part of the link is there twice")
            return pages.refusal(UnauthenticatedError("a part of the link is there twice"))
        places = {detail["loc"][0] for detail in error.errors()}
        if places == {"path"} and self._resolver.current_event.http_method != "PUT":
            return self._no_such_id([])
        fields = [field_error(detail | {"loc": (to_camel(str(detail["loc"][1])),)}) for detail in error.errors()]
        return self._refused(InvalidInputError("; ".join(f"{f.field}: {f.message}" for f in fields), errors=fields))

    def _no_such_id(self, parameters: Sequence[str]) -> Answer:
        """No record can have such an id."""
        event, nothing = self._resolver.current_event, NotFoundError("there is nothing with this id")
        if event.path.startswith(PAGES):
            from lambdas.api.pages import outcomes as pages

            return pages.refusal(nothing)
        if event.http_method != "PUT":
            return self._refused(nothing)
        fields = [FieldError(to_camel(name), "has characters that no id may have") for name in parameters]
        return self._refused(InvalidInputError("; ".join(f"{f.field}: {f.message}" for f in fields), errors=fields))

    def _unexpected(self, error: Exception) -> Answer:
        self._ports.log.failed(error)
        return problem_answer(unexpected(self._resolver.context["correlation_id"]))


def routes() -> Resolver:
    """The routes alone, for describing them: they have no ports, so no request can be answered."""
    return Api(cast(Ports, None)).resolver
