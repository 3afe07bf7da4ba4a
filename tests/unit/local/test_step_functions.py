"""A task waits, fails and is caught in the local stack as on AWS."""

import threading
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.services import stepfunctions

from local.emulator import step_functions
from local.emulator.config import EmulatorConfig
from local.emulator.patch import Emulator

TOKEN = "a-token"


def emulator_of(fake: Any) -> Emulator:
    return Emulator(EmulatorConfig(home=Path("/nowhere"), port=1), {"services.stepfunctions": fake})


def waiting(seconds_of_wait: float) -> tuple[Any, dict[str, Any]]:
    """ministack's wait for a token, corrected; and the records of what waits."""
    tokens: dict[str, Any] = {}

    def invoke(_resource: str, _input: Any, token: str, _state: Any) -> Any:
        tokens[token] = record = {"event": threading.Event(), "error": None, "heartbeat": None}
        return record["error"] if record["event"].wait(seconds_of_wait) else None

    return step_functions.missed_heartbeats(invoke, emulator_of(SimpleNamespace(_task_tokens=tokens))), tokens


def test_no_heartbeat_in_time_is_a_timeout() -> None:
    invoke, _ = waiting(10)
    error = invoke("r", {}, TOKEN, {"HeartbeatSeconds": 0.2})
    assert error["Error"] == "States.HeartbeatTimeout"


def test_heartbeats_keep_it_waiting() -> None:
    invoke, tokens = waiting(1.5)
    over = threading.Event()

    def beat() -> None:
        while not over.wait(0.05):
            if TOKEN in tokens:
                tokens[TOKEN]["heartbeat"] = datetime.now(UTC).isoformat()

    beating = threading.Thread(target=beat)
    beating.start()
    try:
        assert invoke("r", {}, TOKEN, {"HeartbeatSeconds": 0.5}) is None
    finally:
        over.set()
        beating.join()


def test_a_task_without_a_limit_is_left_alone() -> None:
    invoke, _ = waiting(0.1)
    assert invoke("r", {}, TOKEN, {}) is None


@pytest.mark.parametrize(
    ("listed", "error", "matches"),
    [
        (["States.Timeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.HeartbeatTimeout", True),
        (["States.HeartbeatTimeout"], "States.Timeout", False),
        (["States.Timeout"], "States.Timeout", True),
        (["States.Timeout"], "OtherError", False),
        (["States.ALL"], "States.HeartbeatTimeout", True),
        (["States.TaskFailed"], "States.Timeout", False),
        (["States.ALL"], "States.DataLimitExceeded", False),
        (["States.TaskFailed"], "States.DataLimitExceeded", False),
        (["States.DataLimitExceeded"], "States.DataLimitExceeded", True),
        (["States.ALL"], "States.Runtime", False),
        (["States.ALL"], "OtherError", True),
    ],
)
def test_errors_match_as_their_guide_says(listed: list[str], error: str, matches: bool) -> None:
    match = step_functions.error_names(stepfunctions._error_matches, emulator_of(stepfunctions))
    assert match(listed, error) is matches


def test_a_map_takes_its_limits_from_its_input() -> None:
    seen: dict[str, Any] = {}

    def run(state: dict[str, Any], *_: Any) -> None:
        seen.update(state)

    state = {"MaxConcurrencyPath": "$.most", "ToleratedFailurePercentagePath": "$.failed", "ToleratedFailureCount": 3}
    corrected = step_functions.limits_of_a_map(run, emulator_of(stepfunctions))
    corrected(state, {}, {"most": 7, "failed": 5}, {}, {}, {})
    assert {name: seen[name] for name in ("MaxConcurrency", "ToleratedFailurePercentage", "ToleratedFailureCount")} == {
        "MaxConcurrency": 7,
        "ToleratedFailurePercentage": 5,
        "ToleratedFailureCount": 3,
    }
