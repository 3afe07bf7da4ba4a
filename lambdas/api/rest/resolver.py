"""The Powertools resolver, extended: it knows the methods of a path and the parameters of a route."""

import re
from inspect import isfunction
from typing import Any, NamedTuple, cast

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from pydantic.alias_generators import to_camel

from lambdas.domain.errors import FieldError, InvalidInputError

PAGES = "/approve/"
"""The reviewers' pages. Mail programs may add their own parameters to links."""


def refuse_unknown_parameters(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Query parameters that the route does not have are errors, like unknown fields of a body."""
    sent = app.current_event.query_string_parameters or {}
    if sent and not app.current_event.path.startswith(PAGES):
        known = {field.alias for field in app.context["_route"].dependant.query_params}
        unknown = [FieldError(name, "unknown query parameter") for name in sorted(set(sent) - known)]
        if unknown:
            raise InvalidInputError("; ".join(f"{e.field}: {e.message}" for e in unknown), errors=unknown)
    return next_middleware(app)


class Offered(NamedTuple):
    """A route, as the API Gateway has to offer it."""

    method: str
    path: str
    """``/campaigns/{campaignId}``."""
    private: bool
    """It needs a bearer token, so API Gateway calls the authorizer first."""


class Resolver(APIGatewayRestResolver):
    """Powertools answers 404 to a wrong method; ``methods_of`` is needed to answer 405."""

    def offered(self) -> list[Offered]:
        """Every route; the API Gateway's resources are made from this (``stacks/api.py``)."""
        return [
            Offered(route.method, camel_path(route.openapi_path), private={"bearer": []} in (route.security or ()))
            for route in self._routes()
        ]

    def methods_of(self, path: str) -> list[str]:
        """The methods of the routes at ``path``, sorted; empty if there is no route."""
        return sorted({route.method for route in self._routes() if _pattern(route.path).fullmatch(path)})

    def parameters_of(self, path: str, method: str) -> dict[str, str]:
        """The parameters in a path, by name, not validated."""
        matches = (_pattern(route.path).fullmatch(path) for route in self._routes() if route.method == method)
        return next((match.groupdict() for match in matches if match), {})

    def import_answers(self) -> None:
        """The models that only the document needs (``answers.described``)."""
        for route in self._routes():
            for response in (route.responses or {}).values():
                for content in cast(dict[str, dict[str, Any]], response.get("content", {})).values():
                    if isfunction(model := content.get("model")):
                        content["model"] = model()

    def _routes(self) -> list[Route]:
        return [*self._static_routes, *self._dynamic_routes]


def camel_path(path: str) -> str:
    """``{campaign_id}`` in camelCase, as in the API."""
    return re.sub(r"{(\w+)}", lambda match: f"{{{to_camel(match.group(1))}}}", path)


def _pattern(rule: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", rule) + "/*")
