"""The answer of an agent: ``{success, result, error: {code, message, retryable, details}}``, never an exception.

Agents use ``answer`` to make it, the workflow uses ``result_of`` to read it.
"""

import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from lambdas.domain.errors import (
    AgentPermanentError,
    AgentRetryableError,
    CampaignError,
    DependencyTimeoutError,
    DependencyUnavailableError,
    InvalidInputError,
    ThrottledError,
)
from lambdas.domain.models.base import Model

_logger = logging.getLogger(__name__)

Answer = dict[str, Any]


class ErrorCode(StrEnum):
    """Codes both agents share. ``docs/agents.md`` explains each; ``RETRYABLE`` says which are worth another try."""

    INVALID_INPUT = "INVALID_INPUT"
    BRAND_NOT_FOUND = "BRAND_NOT_FOUND"
    INSUFFICIENT_EXAMPLES = "INSUFFICIENT_EXAMPLES"
    PROVIDER_THROTTLED = "PROVIDER_THROTTLED"
    PROVIDER_TIMEOUT = "PROVIDER_TIMEOUT"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    PROVIDER_REFUSED = "PROVIDER_REFUSED"
    MALFORMED_OUTPUT = "MALFORMED_OUTPUT"
    EMPTY_OUTPUT = "EMPTY_OUTPUT"
    CONTENT_BLOCKED = "CONTENT_BLOCKED"
    AGENT_ERROR = "AGENT_ERROR"
    # The planner's own
    NO_ELIGIBLE_PERSONA = "NO_ELIGIBLE_PERSONA"
    NOT_ENOUGH_SLOTS = "NOT_ENOUGH_SLOTS"
    INVALID_PLAN = "INVALID_PLAN"
    # The generator's own
    OVER_LIMIT = "OVER_LIMIT"
    BRAND_RULE_BROKEN = "BRAND_RULE_BROKEN"


RETRYABLE = frozenset(
    {
        ErrorCode.INSUFFICIENT_EXAMPLES,
        ErrorCode.PROVIDER_THROTTLED,
        ErrorCode.PROVIDER_TIMEOUT,
        ErrorCode.PROVIDER_UNAVAILABLE,
        ErrorCode.MALFORMED_OUTPUT,
        ErrorCode.EMPTY_OUTPUT,
    }
)
"""Worth a retry: somebody may add examples, services recover, and a model may answer differently the next time."""

_PROVIDER_CODES: tuple[tuple[type[CampaignError], ErrorCode], ...] = (
    (ThrottledError, ErrorCode.PROVIDER_THROTTLED),
    (DependencyTimeoutError, ErrorCode.PROVIDER_TIMEOUT),
    (DependencyUnavailableError, ErrorCode.PROVIDER_UNAVAILABLE),
    (InvalidInputError, ErrorCode.INVALID_INPUT),
)


class AgentError(Exception):
    """Ends an agent's work; ``answer`` turns it into the wire form."""

    def __init__(self, code: ErrorCode, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = dict(details) if details else None

    def to_wire(self) -> dict[str, Any]:
        return {
            "code": self.code.value,
            "message": self.message,
            "retryable": self.code in RETRYABLE,
            "details": self.details,
        }


def answer(work: Callable[[], Model]) -> Answer:
    """Run ``work`` and wrap its result.

    An unexpected exception is answered as ``AGENT_ERROR`` and logged with its trace: a bug in an agent must fail one
    post and not the others of its batch.
    """
    try:
        return {"success": True, "result": work().to_wire(), "error": None}
    except AgentError as error:
        return _failure(error)
    except CampaignError as error:
        return _failure(_translated(error))
    except Exception as error:
        _logger.exception("the agent failed")
        return _failure(AgentError(ErrorCode.AGENT_ERROR, f"unexpected {type(error).__name__}"))


def _failure(error: AgentError) -> Answer:
    return {"success": False, "result": None, "error": error.to_wire()}


def _translated(error: CampaignError) -> AgentError:
    fields = [{"field": e.field, "message": e.message} for e in error.errors]
    details = {**error.details, **({"errors": fields} if fields else {})}
    for kind, code in _PROVIDER_CODES:
        if isinstance(error, kind):
            return AgentError(code, error.message, details)
    if error.retryable:
        return AgentError(ErrorCode.PROVIDER_UNAVAILABLE, error.message, details)
    return AgentError(ErrorCode.PROVIDER_REFUSED, error.message, details)


class Reason(Model):
    """Why an agent failed. ``code`` is upper case and documented with the agent."""

    code: str
    message: str
    retryable: bool
    details: dict[str, Any] | None = None


class AgentReply(Model):
    """What every agent's ``run`` returns."""

    success: bool
    result: dict[str, Any] | None = None
    error: Reason | None = None


def result_of(reply: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a successful reply.

    Raises ``AgentRetryableError``, ``ThrottledError`` (which the workflow retries for longer) or
    ``AgentPermanentError``, with the agent's code in ``details``; a malformed reply is a permanent error of the agent.
    """
    try:
        parsed = AgentReply.from_internal(reply)
    except InvalidInputError as error:
        raise AgentPermanentError(f"MALFORMED_REPLY: {error}", details={"code": "MALFORMED_REPLY"}) from error
    if parsed.success and parsed.result is not None:
        return parsed.result
    reason = parsed.error or Reason(code="EMPTY_REPLY", message="the agent answered nothing", retryable=True)
    passing = ThrottledError if reason.code == ErrorCode.PROVIDER_THROTTLED else AgentRetryableError
    kind = passing if reason.retryable else AgentPermanentError
    raise kind(f"{reason.code}: {reason.message}", details={**(reason.details or {}), "code": reason.code})
