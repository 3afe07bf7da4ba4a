"""The powertools resolver, which also knows which methods a path has."""

import re
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver


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


def _pattern(rule: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"<\w+>", "[^/]+", rule) + "/*")
