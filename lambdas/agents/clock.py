"""The time for whoever calls an agent without bringing a clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Aware, in UTC. The workflow's handlers pass their own clock instead."""
    return datetime.now(UTC)  # noqa: TID251 - run() is callable by any Python code, and its default needs some clock
