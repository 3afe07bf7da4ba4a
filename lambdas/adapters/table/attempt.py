"""The attempt of a step that this thread is working on, so that its checkpoint can be part of the step's own writes.

The wrapper around the steps sets it, and the store of campaigns writes the attempt's checkpoint in the transaction that
changes the campaign. No step has to pass it on (docs/adr/0070).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from lambdas.adapters.table.keys import ItemKey
from lambdas.domain.models.base import Model
from lambdas.domain.models.checkpoint import Checkpoint, StepOutcome
from lambdas.ports.table import EXISTS, Absent, AnyOf, Equals, Update

NOT_ENDED = AnyOf([Absent("outcome"), Equals("outcome", StepOutcome.STARTED.value)])
"""Also true of a checkpoint that does not exist yet."""


class Attempt:
    """``succeeded`` makes the checkpoint of an attempt that ends with a result. ``ended``: it is stored in that
    form."""

    def __init__(self, place: ItemKey, begun: Checkpoint, succeeded: Callable[[Model], Checkpoint]) -> None:
        self._place, self._begun, self._succeeded = place, begun, succeeded
        self.ended = False

    def note(self, effect: str | None, result: Model | None) -> Update:
        """The write that stores the attempt as it is now: begun, or ended with ``result``. Its condition fails once a
        checkpoint has its end.

        Raises what ``succeeded`` raises.
        """
        checkpoint = self._begun if result is None else self._succeeded(result)
        return Update(self._place, checkpoint.to_record() | _marked(effect), NOT_ENDED)

    def mark(self, effect: str) -> Update:
        """The write that records only the effect, on a checkpoint that has its end already: the attempt was delivered
        twice."""
        return Update(self._place, _marked(effect), EXISTS)


def _marked(effect: str | None) -> dict[str, str]:
    return {"effect": effect} if effect else {}


_current: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


def current_attempt() -> Attempt | None:
    """``None`` outside of a step that stores a checkpoint."""
    return _current.get()


@contextmanager
def attempting(attempt: Attempt | None) -> Iterator[None]:
    token = _current.set(attempt)
    try:
        yield
    finally:
        _current.reset(token)
