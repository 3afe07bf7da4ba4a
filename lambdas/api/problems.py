"""Errors as problem details (RFC 9457), with the correlation id, which the caller may have sent."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lambdas.domain.errors import CampaignError
from lambdas.domain.ids import CorrelationId, CorrelationIdField

CONTENT_TYPE = "application/problem+json"


def problem(error: CampaignError, correlation_id: str) -> dict[str, Any]:
    """``{type, title, status, detail, errors: [{field, message}], correlationId}``."""
    return {
        "type": type_of(error.code),
        "title": error.title,
        "status": error.status,
        "detail": error.message,
        "errors": [{"field": e.field, "message": e.message} for e in error.errors],
        "correlationId": correlation_id,
    }


def unexpected(correlation_id: str) -> dict[str, Any]:
    """The problem of an unexpected error: it says where to look, but nothing internal."""
    return {
        "type": type_of("INTERNAL_ERROR"),
        "title": "Something went wrong on our side",
        "status": 500,
        "detail": "The error is in the logs under the correlation id.",
        "errors": [],
        "correlationId": correlation_id,
    }


def type_of(code: str) -> str:
    """The URI of a kind of problem."""
    return f"urn:campaign-orchestration:problem:{code.lower().replace('_', '-')}"


HEADER = "X-Correlation-Id"

_CORRELATION_ID: TypeAdapter[CorrelationId] = TypeAdapter(CorrelationIdField)


def brought_along(headers: Mapping[str, Any] | None) -> CorrelationId | None:
    """The caller's correlation id; ``None`` if there is none or it is malformed, which is no reason to refuse a
    request."""
    sent = next((value for name, value in (headers or {}).items() if name.lower() == HEADER.lower()), None)
    try:
        return _CORRELATION_ID.validate_python(sent)
    except ValidationError:
        return None
