"""An agent's ``{success, result, error}`` as the workflow understands it."""

from collections.abc import Mapping
from typing import Any

from lambdas.domain.errors import AgentPermanentError, AgentRetryableError, InvalidInputError, ThrottledError
from lambdas.domain.models.base import Model

THROTTLED = "PROVIDER_THROTTLED"
"""An agent's code for a model's service that asks to slow down."""


class AgentError(Model):
    """Why an agent could not do it. ``code`` is upper case and documented with the agent."""

    code: str
    message: str
    retryable: bool
    details: dict[str, Any] | None = None


class AgentReply(Model):
    """What every agent's ``run`` answers."""

    success: bool
    result: dict[str, Any] | None = None
    error: AgentError | None = None


def result_of(reply: Mapping[str, Any]) -> dict[str, Any]:
    """The result of a successful reply.

    Raises ``AgentRetryableError``, ``ThrottledError`` (which the workflow is more patient with) or
    ``AgentPermanentError``, with the agent's code in ``details``; a reply that breaks the contract is a permanent error
    of the agent.
    """
    try:
        parsed = AgentReply.from_internal(reply)
    except InvalidInputError as error:
        raise AgentPermanentError(f"MALFORMED_REPLY: {error}", details={"code": "MALFORMED_REPLY"}) from error
    if parsed.success and parsed.result is not None:
        return parsed.result
    reason = parsed.error or AgentError(code="EMPTY_REPLY", message="the agent answered nothing", retryable=True)
    passing = ThrottledError if reason.code == THROTTLED else AgentRetryableError
    kind = passing if reason.retryable else AgentPermanentError
    raise kind(f"{reason.code}: {reason.message}", details={**(reason.details or {}), "code": reason.code})
