"""Visits of states from an execution's history."""

from datetime import UTC, datetime, timedelta
from typing import Any

from local import aws

START = datetime(2026, 1, 1, tzinfo=UTC)


def event(second: float, kind: str, name: str = "", **details: Any) -> dict[str, Any]:
    keys = {
        "entered": "stateEnteredEventDetails",
        "exited": "stateExitedEventDetails",
        "failed": details.pop("key", ""),
    }
    return {"timestamp": START + timedelta(seconds=second), keys[kind]: {"name": name, **details}}


def test_visits_come_in_order_with_their_times() -> None:
    found = aws.visits(
        [event(0, "entered", "A"), event(1.5, "exited", "A"), event(2, "entered", "B"), event(2.5, "exited", "B")]
    )
    assert [(visit.name, visit.seconds) for visit in found] == [("A", 1.5), ("B", 0.5)]


def test_a_state_visited_twice_is_two_visits() -> None:
    found = aws.visits([event(0, "entered", "A"), event(1, "exited", "A"), event(5, "entered", "A")])
    assert [visit.seconds for visit in found] == [1.0, None]


def test_the_last_failure_is_told() -> None:
    events = [
        event(0, "failed", key="taskFailedEventDetails", error="First", cause="a"),
        event(1, "failed", key="executionFailedEventDetails", error="Second", cause="b"),
    ]
    assert aws.failure(events) == "Second: b"
    assert aws.failure([event(0, "entered", "A")]) is None
