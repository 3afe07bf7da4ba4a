"""The states an execution went through, with their times, read from its history."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient


@dataclass(frozen=True)
class StateVisit:
    """One visit of a state; ``left`` is ``None`` while the execution is in it or when it failed there."""

    name: str
    entered: datetime
    left: datetime | None

    @property
    def seconds(self) -> float | None:
        return None if self.left is None else (self.left - self.entered).total_seconds()


def events(states: "SFNClient", execution_arn: str) -> list[dict[str, Any]]:
    """All history events, oldest first."""
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    return [dict(event) for page in pages for event in page["events"]]


def visits(history: list[dict[str, Any]]) -> list[StateVisit]:
    """The visits in the order they began."""
    found: list[StateVisit] = []
    for event in history:
        if "stateEnteredEventDetails" in event:
            found.append(StateVisit(event["stateEnteredEventDetails"]["name"], event["timestamp"], None))
        elif "stateExitedEventDetails" in event:
            name = event["stateExitedEventDetails"]["name"]
            for index in range(len(found) - 1, -1, -1):
                if found[index].name == name and found[index].left is None:
                    found[index] = StateVisit(name, found[index].entered, event["timestamp"])
                    break
    return found


def failure(history: list[dict[str, Any]]) -> str | None:
    """``error: cause`` of the last failure in the history."""
    for event in reversed(history):
        for key, details in event.items():
            if key.endswith("FailedEventDetails") and isinstance(details, dict) and details.get("error"):
                return f"{details['error']}: {details.get('cause', '')}"
    return None
