"""Writes responses, and describes them for the OpenAPI document."""

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from lambdas.api.problems import CONTENT_TYPE
from lambdas.api.rest.views import Listing, Problem
from lambdas.domain.models.base import Model

Answer = Response[Any]


def answer(model: Model, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """``model`` as JSON, without fields that are ``None``."""
    return Response(status, "application/json", model.to_wire(), headers=dict(headers or {}))


def listing(items: list[Any], next_cursor: str | None) -> Answer:
    """A page of a list; ``nextCursor`` is always present."""
    page = Listing[Any](items=tuple(items), next_cursor=next_cursor)
    wire = {"items": [item.to_wire() for item in items], "nextCursor": page.next_cursor}
    return Response(200, "application/json", wire)


def problem_answer(problem: Mapping[str, Any], *, headers: Mapping[str, str] | None = None) -> Answer:
    """A problem document. Powertools only encodes ``application/json`` itself, so it gets text here."""
    return Response(problem["status"], CONTENT_TYPE, json.dumps(problem), headers=dict(headers or {}))


def html(text: str, policy: str, *, status: int = 200) -> Answer:
    """An HTML page with its content security policy."""
    return Response(status, "text/html; charset=utf-8", text, headers={"Content-Security-Policy": policy})


def described(
    operation_id: str,
    summary: str,
    *,
    tag: str,
    answers: type[Model] | Callable[[], type[Model]] | None,
    status: int = 200,
    errors: tuple[int, ...] = (),
    body: str | None = None,
    body_required: bool = True,
    security: str = "bearer",
    headers: tuple[str, ...] = (),
    media: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Keyword arguments of a Powertools route: its description in the OpenAPI document.

    ``answers`` is ``None`` for a response without content, and a function where the document alone needs the model;
    ``body`` names the schema of the request body; ``media`` are further content types of the answer. ``errors`` are the
    route's own: ``openapi.py`` adds those of its path and body, and those that every route has.
    """
    ok: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if answers is not None:
        ok["content"] = {"application/json": {"model": answers}}
        ok["content"] |= {kind: {"schema": {"type": "string"}} for kind in media}
    problem = {"content": {CONTENT_TYPE: {"model": Problem}}}
    extensions: dict[str, Any] = {}
    if body:
        schema = {"$ref": f"#/components/schemas/{body}"}
        extensions["requestBody"] = {"required": body_required, "content": {"application/json": {"schema": schema}}}
    if headers:
        extensions["x-request-headers"] = list(headers)
    return {
        "operation_id": operation_id,
        "summary": summary,
        "tags": [tag],
        "responses": {status: ok} | {code: {"description": HTTPStatus(code).phrase, **problem} for code in errors},
        "security": [{security: []}],
        "openapi_extensions": extensions,
        "status_code": status,
    }


def html_described(
    operation_id: str, summary: str, *, tag: str, errors: tuple[int, ...], form: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The same for a page whose credentials are in the link; ``form`` are the properties of its form."""
    extensions: dict[str, Any] = {}
    if form is not None:
        schema = {"type": "object", "properties": dict(form), "required": ["contentHash"]}
        content = {"application/x-www-form-urlencoded": {"schema": schema}}
        extensions["requestBody"] = {"required": True, "content": content}
    page = {"content": {"text/html": {"schema": {"type": "string"}}}}
    return {
        "operation_id": operation_id,
        "summary": summary,
        "tags": [tag],
        "responses": {code: {"description": HTTPStatus(code).phrase, **page} for code in (200, *errors)},
        "security": [{}],
        "openapi_extensions": extensions,
    }
