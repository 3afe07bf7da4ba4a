"""Which attempt of which step this thread is working on.

The frame around the steps says so, and the store of campaigns notes every move on that attempt's checkpoint: no step
has to remember to pass it on, so none can forget.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from lambdas.adapters.table.keys import ItemKey

_current: ContextVar[ItemKey | None] = ContextVar("checkpoint", default=None)


def current_checkpoint() -> ItemKey | None:
    """The checkpoint's place in the table; ``None`` outside of a step that leaves one."""
    return _current.get()


@contextmanager
def attempting(checkpoint: ItemKey | None) -> Iterator[None]:
    token = _current.set(checkpoint)
    try:
        yield
    finally:
        _current.reset(token)
