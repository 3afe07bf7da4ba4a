"""How often and how long the workflow tries a failed step again; a deployment may choose otherwise."""

from typing import NamedTuple

from lambdas.domain.errors import THROTTLED_RETRIES, WORKFLOW_RETRIES

MAX_ATTEMPTS = 99_999_999
MAX_DELAY_SECONDS = 31_622_400
"""Of a retrier: attempts below 100,000,000, interval and delay below a year and two days
(docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html)."""


class Retry(NamedTuple):
    """``retries`` are counted after the first attempt; times are in seconds. Every wait is drawn at random between
    nothing and its full length, so that steps that failed together do not come back together."""

    retries: int
    interval: int
    backoff: float
    max_delay: int

    @classmethod
    def parse(cls, text: str, default: "Retry") -> "Retry":
        """``retries=3,interval=2,backoff=2.0,maxDelay=60``: what is left out is the ``default``'s.

        Raises ``ValueError`` that says what is wrong.
        """
        given: dict[str, float] = {}
        for part in text.split(","):
            name, _, value = part.strip().partition("=")
            if name not in _FIELDS:
                raise ValueError(f"{part!r} is none of {', '.join(_FIELDS)} with an equals sign and a number")
            try:
                number = float(value)
            except ValueError:
                raise ValueError(f"{part!r} has no number") from None
            low, high = _FIELDS[name]
            if not low <= number <= high or (name != "backoff" and number != int(number)):
                raise ValueError(f"{part!r} is not between {low:g} and {high:g}")
            given[name] = number
        retry = cls(
            retries=int(given.get("retries", default.retries)),
            interval=int(given.get("interval", default.interval)),
            backoff=given.get("backoff", default.backoff),
            max_delay=int(given.get("maxDelay", default.max_delay)),
        )
        if retry.max_delay <= retry.interval:
            raise ValueError(f"maxDelay {retry.max_delay} is not above interval {retry.interval}")
        return retry

    @property
    def longest_seconds(self) -> float:
        """All waits together at their full length."""
        return sum(min(self.interval * self.backoff**n, self.max_delay) for n in range(self.retries))


_FIELDS = {
    "retries": (0, MAX_ATTEMPTS),
    "interval": (1, 99_999_999),
    "backoff": (1, 100),
    "maxDelay": (1, MAX_DELAY_SECONDS),
}


class Retries(NamedTuple):
    """By what is known of an error. Permanent ones are never tried again."""

    unknown: Retry = Retry(retries=2, interval=1, backoff=2, max_delay=30)
    """Three attempts, as seed 001 has it: maxAttempts 3, initialInterval 1 s, backoffCoefficient 2, maximum 30 s."""
    temporary: Retry = Retry(retries=WORKFLOW_RETRIES, interval=1, backoff=2, max_delay=30)
    """A service is down or slow: about a minute."""
    throttled: Retry = Retry(retries=THROTTLED_RETRIES, interval=2, backoff=2, max_delay=60)
    """Somebody asks us to slow down: up to ten minutes, so that a busy hour slows campaigns instead of failing them."""
