"""Which attempt of which step this thread is working on, and until when.

The frame around the steps says so, and the stores and models that a handler makes inside it learn where to mark their
effects and how long they may wait: no step has to remember to pass it on, so none can forget.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from lambdas.adapters.table.keys import ItemKey
from lambdas.domain.deadline import Deadline

_current: ContextVar[ItemKey | None] = ContextVar("checkpoint", default=None)
_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def current_checkpoint() -> ItemKey | None:
    """The checkpoint's place in the table; ``None`` outside of a step that leaves one."""
    return _current.get()


def current_deadline() -> Deadline | None:
    """When the invocation is killed; ``None`` where that is not known."""
    return _deadline.get()


@contextmanager
def attempting(checkpoint: ItemKey | None) -> Iterator[None]:
    token = _current.set(checkpoint)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def invoked(context: object) -> Iterator[None]:
    """``context`` is what Lambda gives a handler; anything without ``get_remaining_time_in_millis`` sets no deadline
    (docs.aws.amazon.com/lambda/latest/dg/python-context.html)."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    deadline = Deadline(time.monotonic() + remaining() / 1000, time.monotonic) if remaining else None
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)
