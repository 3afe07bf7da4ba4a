"""Until when work may take: an invocation is killed at its timeout, and what it has in its hands then is lost."""

from collections.abc import Callable
from typing import NamedTuple


class Deadline(NamedTuple):
    """The moment ``at`` by the clock ``now``, in seconds; the clock never jumps and means nothing by itself."""

    at: float
    now: Callable[[], float]

    def left(self, reserve: float = 0.0) -> float:
        """Seconds until ``reserve`` seconds before it; 0 when that moment has passed."""
        return max(0.0, self.at - reserve - self.now())
