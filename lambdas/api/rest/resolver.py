"""The powertools resolver, which also knows which methods a path has and which parameters a route takes."""

import re
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

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


class Resolver(APIGatewayRestResolver):
    """Powertools answers 404 to a wrong method; ``methods_of`` is what it takes to answer 405."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._methods: dict[str, set[str]] = {}

    def route(self, rule: str, method: str | list[str] | tuple[str], *args: Any, **options: Any) -> Callable[..., Any]:
        methods = [method] if isinstance(method, str) else method
        self._methods.setdefault(rule, set()).update(methods)
        return super().route(rule, method, *args, **options)

    def methods_of(self, path: str) -> list[str]:
        """The methods of the routes at ``path``, sorted; none when there is no route."""
        found = {
            method for rule, methods in self._methods.items() if _pattern(rule).fullmatch(path) for method in methods
        }
        return sorted(found)

    def parameters_of(self, path: str, method: str) -> dict[str, str]:
        """The parts of a path that stand for something, by name, whatever is in them."""
        matches = (_pattern(rule).fullmatch(path) for rule, methods in self._methods.items() if method in methods)
        return next((match.groupdict() for match in matches if match), {})


def _pattern(rule: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", rule) + "/*")
