"""Log lines on the terminal."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local.logs import Follower, render


def test_a_structured_line_is_told_in_one() -> None:
    record = {"level": "INFO", "message": "step done", "step": "PlanPosts", "correlation_id": "C1", "location": "x:1"}
    line = render("plan-posts", 1_500, json.dumps(record))
    assert line is not None
    assert line.plain.split() == ["00:00:01.500", "plan-posts", "INFO", "step", "done", "step=PlanPosts", "C1"]


def test_a_traceback_follows_its_line() -> None:
    line = render("api", 0, json.dumps({"level": "ERROR", "message": "failed", "exception": "Traceback\n  here"}))
    assert line is not None
    assert line.plain.endswith("failed\nTraceback\n  here")


@pytest.mark.parametrize("message", ["START RequestId: 1", "REPORT RequestId: 1", "", json.dumps({"_aws": {}})])
def test_the_platforms_lines_and_metrics_are_left_out(message: str) -> None:
    assert render("api", 0, message) is None


@pytest.mark.parametrize("message", ["plain text", "[1, 2]", "{broken"])
def test_other_lines_are_shown_as_they_are(message: str) -> None:
    line = render("api", 0, message)
    assert line is not None
    assert line.plain.endswith(message)


class Logs:
    """CloudWatch Logs with one group."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def get_paginator(self, name: str) -> "Paginator":
        return Paginator(self, name)


class Paginator:
    def __init__(self, logs: Logs, name: str) -> None:
        self._logs, self._name = logs, name

    def paginate(self, **query: Any) -> list[dict[str, Any]]:
        if self._name == "describe_log_groups":
            return [{"logGroups": [{"logGroupName": "/aws/lambda/api"}]}]
        return [{"events": [e for e in self._logs.events if e["timestamp"] >= query["startTime"]]}]


def test_each_line_is_read_once_even_when_it_comes_late() -> None:
    logs = Logs()
    follower: Any = Follower(logs, datetime.fromtimestamp(0, UTC))  # type: ignore[arg-type]  # two methods suffice

    def messages() -> list[str]:
        return [event["message"] for _, event in follower.read()]

    logs.events = [{"logStreamName": "s", "timestamp": 5_000, "message": "b"}]
    assert messages() == ["b"]
    logs.events.append({"logStreamName": "s", "timestamp": 4_000, "message": "a"})
    assert messages() == ["a"]
    assert messages() == []
