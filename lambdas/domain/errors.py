"""Every error this system raises on purpose.

::

    CampaignError                      code, message, retryable, details
    ├── RetryableError                 trying the same thing again may work
    │   ├── ThrottledError             a service asked us to slow down
    │   ├── TooManyCampaignsError      the tenant's other campaigns use up what it may    429
    │   ├── DependencyUnavailableError a service answered 5xx or not at all
    │   ├── DependencyTimeoutError     a service took too long
    │   ├── ConcurrentUpdateError      somebody changed the record between our read and our write
    │   ├── PostsInProgressError       posts of the batch are held by another, still valid claim
    │   └── AgentRetryableError        an agent answered {success: false, error: {retryable: true}}
    └── PermanentError                 trying again changes nothing
        ├── InvalidInputError          input breaks its contract; carries the fields      422
        │   ├── MalformedJsonError     the body is not JSON                               400
        │   └── PayloadTooLargeError   the body is over its size limit                    413
        ├── UnauthenticatedError       no token                                           401
        │   ├── InvalidTokenError      the token does not verify, or is for something else 401
        │   └── TokenExpiredError      the token was ours, and its time is over           401
        ├── ForbiddenError             the caller's role does not allow it                403
        │   └── TenantMismatchError    the data names another tenant                      403
        ├── NotFoundError              no such record in this tenant                      404
        ├── MethodNotAllowedError      the path is there, the method is not               405
        ├── NotAcceptableError         not to be had in the form that was asked for       406
        ├── ConflictError              the record is not in a state that allows it        409
        │   └── ContentChangedError    the posts are not those that were approved         409
        ├── GoneError                  it was there, and is over                          410
        ├── MailRefusedError           mail to an address, or from a sender, is refused for good
        ├── ChatRefusedError           a message in the tenant's chat is refused for good
        ├── IdempotencyMismatchError   the key was used for another body                  422
        ├── AgentPermanentError        an agent answered {success: false, error: {retryable: false}}
        ├── InvalidPlanError           the planner's plan breaks its own rules
        ├── TooManyPostsFailedError    more posts failed than the campaign tolerates
        ├── StateTooLargeError         a step was given, or answered, more than the workflow's state may hold
        └── UnreadableRecordError      a stored record has a value that this version does not know     500

The workflow's Retry and Catch name these classes (Lambda reports an exception by its class name), so renaming
one is a change of contract. ``retryable_names`` is where the workflow takes the names from.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

WORKFLOW_RETRIES = 6
"""How often the workflow retries a step that failed with a retryable error."""
THROTTLED_RETRIES = 14
"""How often it retries after throttling: for up to ten minutes."""


class FieldError(NamedTuple):
    """One error in an input: the field's path (``schedule.end``, dots and indexes) and a message."""

    field: str
    message: str


class CampaignError(Exception):
    """Base class of all. ``code`` is stable and upper case; ``status`` is the HTTP status of the API's answer."""

    code: ClassVar[str] = "CAMPAIGN_ERROR"
    title: ClassVar[str] = "The campaign could not be processed"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, details: Mapping[str, Any] | None = None, errors: Sequence[FieldError] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.details = dict(details or {})
        self.errors = tuple(errors)


class RetryableError(CampaignError):
    code = "RETRYABLE_ERROR"
    title = "Something is temporarily unavailable"
    status = 503
    retryable = True


class ThrottledError(RetryableError):
    code = "THROTTLED"


class TooManyCampaignsError(RetryableError):
    """``details["retryAfterSeconds"]`` is when trying again is useful."""

    code = "TOO_MANY_CAMPAIGNS"
    title = "Too many campaigns at once"
    status = 429


class DependencyUnavailableError(RetryableError):
    code = "DEPENDENCY_UNAVAILABLE"


class DependencyTimeoutError(RetryableError):
    code = "DEPENDENCY_TIMEOUT"


class ConcurrentUpdateError(RetryableError):
    code = "CONCURRENT_UPDATE"
    title = "The record changed while it was being updated"


class PostsInProgressError(RetryableError):
    code = "POSTS_IN_PROGRESS"


class AgentRetryableError(RetryableError):
    code = "AGENT_RETRYABLE"


class PermanentError(CampaignError):
    code = "PERMANENT_ERROR"


class InvalidInputError(PermanentError):
    code = "INVALID_INPUT"
    title = "The request is not valid"
    status = 422


class MalformedJsonError(InvalidInputError):
    code = "MALFORMED_JSON"
    title = "The body is not valid JSON"
    status = 400


class PayloadTooLargeError(InvalidInputError):
    code = "PAYLOAD_TOO_LARGE"
    title = "The body is too large"
    status = 413


class UnauthenticatedError(PermanentError):
    code = "UNAUTHENTICATED"
    title = "Authentication is required"
    status = 401


class InvalidTokenError(UnauthenticatedError):
    code = "INVALID_TOKEN"
    title = "The token is not valid"


class TokenExpiredError(UnauthenticatedError):
    code = "TOKEN_EXPIRED"
    title = "The token has expired"


class ForbiddenError(PermanentError):
    code = "FORBIDDEN"
    title = "This is not allowed"
    status = 403


class TenantMismatchError(ForbiddenError):
    code = "TENANT_MISMATCH"
    title = "The request names another tenant"


class NotFoundError(PermanentError):
    code = "NOT_FOUND"
    title = "Not found"
    status = 404


class MethodNotAllowedError(PermanentError):
    code = "METHOD_NOT_ALLOWED"
    title = "Method not allowed"
    status = 405


class NotAcceptableError(PermanentError):
    code = "NOT_ACCEPTABLE"
    title = "Not available in this form"
    status = 406


class ConflictError(PermanentError):
    code = "CONFLICT"
    title = "The current state does not allow this"
    status = 409


class ContentChangedError(ConflictError):
    code = "CONTENT_CHANGED"
    title = "The content is not the content that was approved"


class GoneError(PermanentError):
    code = "GONE"
    title = "This is over"
    status = 410


class MailRefusedError(PermanentError):
    code = "MAIL_REFUSED"
    title = "The mail service refuses the address or the sender"


class ChatRefusedError(PermanentError):
    code = "CHAT_REFUSED"
    title = "The chat refuses the person or the token"


class IdempotencyMismatchError(PermanentError):
    code = "IDEMPOTENCY_MISMATCH"
    title = "The idempotency key was used for another request"
    status = 422


class AgentPermanentError(PermanentError):
    code = "AGENT_PERMANENT"


class InvalidPlanError(PermanentError):
    code = "INVALID_PLAN"


class TooManyPostsFailedError(PermanentError):
    code = "TOO_MANY_POSTS_FAILED"


class StateTooLargeError(PermanentError):
    code = "STATE_TOO_LARGE"


class UnreadableRecordError(PermanentError):
    code = "UNREADABLE_RECORD"
    title = "A stored record cannot be read"


def _tree(root: type[CampaignError]) -> Iterator[type[CampaignError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def known_errors() -> dict[str, type[CampaignError]]:
    """Every class of the tree by its name."""
    return {cls.__name__: cls for cls in _tree(CampaignError)}


def retryable_names() -> list[str]:
    """Class names a workflow step retries, sorted."""
    return sorted(cls.__name__ for cls in _tree(RetryableError))


def permanent_names() -> list[str]:
    """Class names a workflow step never retries, sorted."""
    return sorted(cls.__name__ for cls in _tree(PermanentError))
