"""Input and output of a step: their size, and the description of an error."""

import hashlib
import traceback
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from lambdas.domain.errors import CampaignError, StateTooLargeError
from lambdas.domain.models.base import canonical
from lambdas.domain.models.campaign import Cause, Failure

_MESSAGE_CHARS = 2_000
_FRAMES = 60
"""Stack frames kept, each of about 150 bytes: together with the message well below the 32 KiB of a state."""
_CHAIN = 5
"""Number of chained causes that are kept."""


class Payload(NamedTuple):
    """JSON data, the SHA-256 of its canonical text, and the size of that text in bytes."""

    data: dict[str, Any]
    hash: str
    size: int

    @classmethod
    def of(cls, data: dict[str, Any]) -> "Payload":
        text = canonical(data)
        return cls(data, hashlib.sha256(text).hexdigest(), len(text))

    def check(self, limit: int, what: str, *, without: Sequence[str] = ()) -> None:
        """Raises ``StateTooLargeError`` beyond ``limit`` bytes, not counting the fields ``without``.

        The engine's own limit is 262,144 bytes, and its error does not name the step; this check does.
        """
        counted = {name: value for name, value in self.data.items() if name not in without}
        size = self.size if len(counted) == len(self.data) else len(canonical(counted))
        if size > limit:
            largest = max(counted, key=lambda name: len(canonical(counted[name])))
            raise StateTooLargeError(
                f"{what} has {size} bytes, and {limit} are allowed; the largest field is {largest}",
                details={"bytes": size, "limit": limit, "field": largest},
            )


def failure_of(error: Exception, step_name: str, at: datetime) -> Failure:
    """An exception in the form that is stored on a record, with its causes."""
    known = isinstance(error, CampaignError)
    return Failure(
        code=error.code if isinstance(error, CampaignError) else "UNEXPECTED_ERROR",
        message=str(error)[:_MESSAGE_CHARS] if known else f"{type(error).__name__}: {error}"[:_MESSAGE_CHARS],
        at=at,
        # An unexpected error may be temporary: the workflow retries it twice.
        retryable=error.retryable if isinstance(error, CampaignError) else True,
        step=step_name,
        causes=tuple(_chain(error)),
    )


def reported(error: Exception) -> Exception:
    """``error`` in a form that can be reported to the engine, with the same class name, by which it retries and
    catches.

    Lambda reports message and stack, and the workflow passes them on to its last steps. An error that is too long, or
    nested too deeply, is shortened; the log has all of it.
    """
    short = str(error)[:_MESSAGE_CHARS]
    if len(short) == len(str(error)) and _depth(error) <= _FRAMES:
        return error
    if isinstance(error, CampaignError):
        return type(error)(short)
    renamed: type[Exception] = type(type(error).__name__, (Exception,), {})
    return renamed(short)


def _depth(error: Exception) -> int:
    return sum(1 for _ in traceback.walk_tb(error.__traceback__))


def _chain(error: BaseException) -> list[Cause]:
    chain: list[Cause] = []
    behind = error.__cause__
    while behind is not None and len(chain) < _CHAIN:
        chain.append(Cause(error=type(behind).__name__, message=str(behind)[:500]))
        behind = behind.__cause__
    return chain
