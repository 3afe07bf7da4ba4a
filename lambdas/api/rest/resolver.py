"""The powertools resolver, which also knows which methods a path has and which parameters a route takes."""

import re
from inspect import isfunction
from typing import Any, NamedTuple, cast

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from pydantic.alias_generators import to_camel

from lambdas.domain.errors import FieldError, InvalidInputError

PAGES = "/approve/"
"""The reviewers' pages, whose links come through mail programs that hang their own parameters on them."""


def refuse_unknown_parameters(app: APIGatewayRestResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Query parameters that the route does not take are errors, as unknown fields of a body are."""
    sent = app.current_event.query_string_parameters or {}
    if sent and not app.current_event.path.startswith(PAGES):
        known = {field.alias for field in app.context["_route"].dependant.query_params}
        unknown = [FieldError(name, "unknown query parameter") for name in sorted(set(sent) - known)]
        if unknown:
            raise InvalidInputError("; ".join(f"{e.field}: {e.message}" for e in unknown), errors=unknown)
    return next_middleware(app)


class Offered(NamedTuple):
    """A route as the gateway has to offer it."""

    method: str
    path: str
    """``/campaigns/{campaignId}``."""
    private: bool
    """It asks for a bearer token of ours, so the gateway asks the authorizer first."""


class Resolver(APIGatewayRestResolver):
    """Powertools answers 404 to a wrong method; ``methods_of`` is what it takes to answer 405."""

    def offered(self) -> list[Offered]:
        """Every route, which is where the gateway's own are made from (``stacks/api.py``)."""
        return [
            Offered(route.method, camel_path(route.openapi_path), private={"bearer": []} in (route.security or ()))
            for route in self._routes()
        ]

    def methods_of(self, path: str) -> list[str]:
        """The methods of the routes at ``path``, sorted; none when there is no route."""
        return sorted({route.method for route in self._routes() if _pattern(route.path).fullmatch(path)})

    def parameters_of(self, path: str, method: str) -> dict[str, str]:
        """The parts of a path that stand for something, by name, whatever is in them."""
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
    """``{campaign_id}`` as it is called outside."""
    return re.sub(r"{(\w+)}", lambda match: f"{{{to_camel(match.group(1))}}}", path)


def _pattern(rule: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", rule) + "/*")
