"""The correlation id of a request: the caller's, if it brought a usable one."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from lambdas.domain.ids import CorrelationId, CorrelationIdField

HEADER = "X-Correlation-Id"

_CORRELATION_ID: TypeAdapter[CorrelationId] = TypeAdapter(CorrelationIdField)


def brought_along(headers: Mapping[str, Any] | None) -> CorrelationId | None:
    """``None`` without one and for one that is malformed, which is no reason to refuse a request."""
    sent = next((value for name, value in (headers or {}).items() if name.lower() == HEADER.lower()), None)
    try:
        return _CORRELATION_ID.validate_python(sent)
    except ValidationError:
        return None
