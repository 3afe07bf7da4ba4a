"""``/openapi.json`` and ``/docs``: the description of the API."""

import json
from functools import cached_property
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from lambdas.api.rest.answers import Answer
from lambdas.api.rest.request import Routes
from lambdas.api.rest.resolver import Resolver

_DOCS_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Swagger UI is one inlined script with many style attributes; it loads nothing from elsewhere."""


class DocumentRoutes(Routes):
    def offer(self, app: Resolver) -> None:
        app.get("/openapi.json", include_in_schema=False)(self.document)
        app.get("/docs", include_in_schema=False)(self.page)

    def document(self) -> Answer:
        return Response(200, "application/json", self._located())

    def page(self, format: Annotated[str, Query()] = "html") -> Answer:  # noqa: A002 - the parameter's name outside
        if format == "json":
            return self.document()  # Swagger UI's setting for the document's URL
        from aws_lambda_powertools.event_handler.openapi import swagger_ui

        spec = json.dumps(self._located()).replace("</", "<\\/")
        html = swagger_ui.generate_swagger_html(spec, _asset("bundle.min.js"), _asset("min.css"), "", None)
        return Response(200, "text/html; charset=utf-8", html, headers={"Content-Security-Policy": _DOCS_POLICY})

    def _located(self) -> dict[str, Any]:
        root = self._root()
        # A relative server URL is relative to this document, whose path is directly below the API's root.
        return self._described | {"servers": [{"url": root or "."}]}

    @cached_property
    def _described(self) -> dict[str, Any]:
        from lambdas.api.rest.openapi import describe

        return describe(self._app)


def _asset(name: str) -> str:
    from importlib.resources import files

    folder = files("aws_lambda_powertools.event_handler.openapi.swagger_ui")
    separator = "-" if name.startswith("bundle") else "."
    return folder.joinpath(f"swagger-ui{separator}{name}").read_text(encoding="utf-8")
