"""Which attempt of which step this thread is working on, so that its checkpoint goes into the step's own writes.

The frame around the steps says so, and the store of campaigns writes the attempt's checkpoint in the transaction that
changes the campaign: no step has to remember to pass it on, so none can forget (docs/adr/0070).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from lambdas.adapters.table.keys import ItemKey
from lambdas.domain.models.base import Model
from lambdas.domain.models.checkpoint import Checkpoint, StepOutcome
from lambdas.ports.table import EXISTS, Absent, AnyOf, Equals, Update

NOT_ENDED = AnyOf([Absent("outcome"), Equals("outcome", StepOutcome.STARTED.value)])
"""Also of a checkpoint that is not there yet."""


class Attempt:
    """``succeeded`` makes the checkpoint of an attempt that ends with a result. ``ended``: it is stored like that."""

    def __init__(self, place: ItemKey, begun: Checkpoint, succeeded: Callable[[Model], Checkpoint]) -> None:
        self._place, self._begun, self._succeeded = place, begun, succeeded
        self.ended = False

    def note(self, effect: str | None, result: Model | None) -> Update:
        """Store the attempt as it is now: begun, or ended with ``result``. Refused once a checkpoint has its end.

        Raises what ``succeeded`` raises.
        """
        checkpoint = self._begun if result is None else self._succeeded(result)
        return Update(self._place, checkpoint.to_record() | _marked(effect), NOT_ENDED)

    def mark(self, effect: str) -> Update:
        """Note the effect alone, on a checkpoint that has its end already: the attempt was delivered twice."""
        return Update(self._place, _marked(effect), EXISTS)


def _marked(effect: str | None) -> dict[str, str]:
    return {"effect": effect} if effect else {}


_current: ContextVar[Attempt | None] = ContextVar("attempt", default=None)


def current_attempt() -> Attempt | None:
    """``None`` outside of a step that leaves a checkpoint."""
    return _current.get()


@contextmanager
def attempting(attempt: Attempt | None) -> Iterator[None]:
    token = _current.set(attempt)
    try:
        yield
    finally:
        _current.reset(token)
