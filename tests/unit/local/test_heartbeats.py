"""A waiting task without a heartbeat fails in the local stack as on AWS."""

import threading
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from local.emulator import heartbeats
from local.emulator.pinned import EmulatorChangedError

TOKEN = "a-token"


def engine(seconds_of_wait: float) -> Any:
    """The parts of ministack's module that are wrapped, waiting as it does."""
    tokens: dict[str, Any] = {}

    def invoke(_resource: str, _input: Any, token: str, _state: Any) -> Any:
        tokens[token] = record = {"event": threading.Event(), "error": None, "heartbeat": None}
        record["event"].wait(seconds_of_wait)
        return record["error"]

    return SimpleNamespace(_invoke_with_callback=invoke, _task_tokens=tokens)


def test_no_heartbeat_in_time_is_a_timeout() -> None:
    fake = engine(10)
    heartbeats.install(fake)
    started = time.monotonic()
    error = fake._invoke_with_callback("r", {}, TOKEN, {"HeartbeatSeconds": 0.2})
    assert error["Error"] == "States.HeartbeatTimeout"
    assert time.monotonic() - started < 5


def test_heartbeats_keep_it_waiting() -> None:
    fake = engine(1.5)
    heartbeats.install(fake)
    over = threading.Event()

    def beat() -> None:
        while not over.wait(0.05):
            if TOKEN in fake._task_tokens:
                fake._task_tokens[TOKEN]["heartbeat"] = datetime.now(UTC).isoformat()

    beating = threading.Thread(target=beat)
    beating.start()
    try:
        assert fake._invoke_with_callback("r", {}, TOKEN, {"HeartbeatSeconds": 0.5}) is None
    finally:
        over.set()
        beating.join()


def test_a_task_without_a_limit_is_left_alone() -> None:
    fake = engine(0.1)
    heartbeats.install(fake)
    assert fake._invoke_with_callback("r", {}, TOKEN, {}) is None


def test_another_emulator_is_noticed() -> None:
    with pytest.raises(EmulatorChangedError):
        heartbeats.install(SimpleNamespace())


def test_the_pinned_emulator_has_what_is_wrapped() -> None:
    from ministack.services import stepfunctions

    assert callable(stepfunctions._invoke_with_callback)
    assert callable(stepfunctions._task_tokens.get)
