"""Errors as the API tells them: RFC 9457 problem details."""

from typing import Any

from lambdas.domain.errors import CampaignError

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
    """The problem of an error nobody foresaw: it says where to look, and nothing of what is inside."""
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
