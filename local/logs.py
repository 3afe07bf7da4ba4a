"""The Lambdas' structured logs, followed across all functions and shown one line each."""

import json
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

_GROUPS = "/aws/lambda/"
_REMEMBERED = 20_000
_PLATFORM = ("START ", "END ", "REPORT ", "INIT_START ")
_COLOURS = {"ERROR": "bold red", "CRITICAL": "bold red", "WARNING": "yellow"}
_OWN_FIELDS = frozenset(
    {"level", "location", "message", "timestamp", "service", "correlation_id", "xray_trace_id", "exception"}
    | {"exception_name", "stack_trace", "function_name", "function_arn", "function_memory_size"}
    | {"function_request_id", "cold_start"}
)


class Follower:
    """New log lines at each ``read``. The emulator cannot stream logs, so it polls, with some overlap."""

    def __init__(self, logs: "CloudWatchLogsClient", since: datetime) -> None:
        self._logs = logs
        self._since = int(since.timestamp() * 1000)
        self._seen: deque[tuple[Any, ...]] = deque(maxlen=_REMEMBERED)

    def read(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """``(function, event)`` in the order of time; an event is that of CloudWatch Logs."""
        known = set(self._seen)
        fresh = [
            (group.removeprefix(_GROUPS), event)
            for group in self._groups()
            for event in self._events(group)
            if _identity(event) not in known
        ]
        for function, event in sorted(fresh, key=lambda item: item[1]["timestamp"]):
            self._seen.append(_identity(event))
            # Lines with the same time may arrive one after the other, so the last two seconds are read again.
            self._since = max(self._since, event["timestamp"] - 2_000)
            yield function, event

    def _groups(self) -> list[str]:
        pages = self._logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=_GROUPS)
        return [group["logGroupName"] for page in pages for group in page["logGroups"]]

    def _events(self, group: str) -> Iterator[dict[str, Any]]:
        pages = self._logs.get_paginator("filter_log_events").paginate(logGroupName=group, startTime=self._since)
        for page in pages:
            for event in page["events"]:
                yield dict(event)


def _identity(event: dict[str, Any]) -> tuple[Any, ...]:
    """The emulator gives no ``eventId``."""
    return event["logStreamName"], event["timestamp"], event["message"]


def follow(logs: "CloudWatchLogsClient", since: datetime) -> Iterator[Text]:
    """Lines for the terminal, without end."""
    follower = Follower(logs, since)
    while True:
        for function, event in follower.read():
            line = render(function, event["timestamp"], event["message"])
            if line is not None:
                yield line
        time.sleep(1)


def render(function: str, timestamp: int, message: str) -> Text | None:
    """``time function LEVEL message fields correlation``; ``None`` for the platform's own lines and for metrics."""
    message = message.strip()
    if not message or message.startswith(_PLATFORM):
        return None
    when = datetime.fromtimestamp(timestamp / 1000, UTC).strftime("%H:%M:%S.%f")[:-3]
    line = Text.assemble((when, "dim"), " ", (f"{function:<18}", "cyan"), " ")
    try:
        record = json.loads(message)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        return line.append(message)
    if "_aws" in record:
        return None
    level = str(record.get("level", "INFO"))
    line.append(f"{level:<8}", _COLOURS.get(level, "green")).append(f"{record.get('message', '')}")
    for name, value in record.items():
        if name not in _OWN_FIELDS:
            shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            line.append(f" {name}=", "dim").append(shown)
    if record.get("correlation_id"):
        line.append(f"  {record['correlation_id']}", "dim")
    if record.get("exception"):
        line.append(f"\n{record['exception']}", "red")
    return line
