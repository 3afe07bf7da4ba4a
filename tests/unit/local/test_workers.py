"""How long workers live, and whose a worker is. What they do while functions change is in ``test_emulator``."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from local.emulator import workers
from local.emulator.config import EmulatorConfig
from local.emulator.patch import Emulator
from tests.support.workers import kill_workers, workers_of

ARN = "arn:aws:lambda:us-east-1:000000000000:function:probe"
PROBE = ("probe", {"FunctionArn": ARN, "Runtime": "python3.13"}, b"")


@pytest.fixture
def ended() -> Iterator[list[Any]]:
    """The workers that were ended. The functions under test are the corrected ones, over ministack's own pool."""
    found: list[Any] = []
    yield found
    lambda_runtime._workers.clear()


def here(ended: list[Any]) -> Emulator:
    runtime = SimpleNamespace(**{**vars(lambda_runtime), "kill_workers": ended.extend})
    return Emulator(EmulatorConfig(home=Path("/nowhere"), port=1), {"core.lambda_runtime": runtime})


def test_only_idle_workers_end_when_a_function_is_changed_and_busy_ones_when_they_are_done(ended: list[Any]) -> None:
    invalidate = workers.running_invocations_finish(lambda_svc.invalidate_worker, here(ended))
    release = workers.given_up_workers_end(lambda_svc.release_worker, here(ended))
    busy, idle, other = (lambda_runtime.acquire_worker(*PROBE)[0] for _ in range(3))
    release(idle)
    invalidate("another")
    assert ended == []
    invalidate("probe", qualifier="$LATEST")
    assert ended == [idle]
    after, how = lambda_runtime.acquire_worker(*PROBE)
    assert how == "spawn", "what was given up is not used again"
    release(busy)
    release(after)
    assert ended == [idle, busy]
    release(None)
    release(other)
    assert ended == [idle, busy, other]


def test_a_worker_that_cannot_be_started_is_ended_and_says_why(ended: list[Any]) -> None:
    invoke = workers.broken_workers_end(lambda_runtime.Worker.invoke, here(ended))
    worker = lambda_runtime.Worker("probe", {"Runtime": "cobol"}, b"")
    with pytest.raises(RuntimeError, match="Unsupported runtime: cobol"):
        invoke(worker, {}, "request")
    assert ended == [worker]


@contextmanager
def process_in(place: Path) -> Iterator[subprocess.Popen[bytes]]:
    place.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", "input()"], cwd=place, stdin=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers in /proc")
def test_a_test_kills_workers_of_its_own_stack_and_of_the_function_alone(tmp_path: Path) -> None:
    """Another run's API died of this test's neighbour once, in the middle of a request."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    names = {
        "ours": ours / "tmp" / "ministack-lambda-api-abcd1_34" / "code",
        "theirs": theirs / "tmp" / "ministack-lambda-api-abcd1_34" / "code",
        "another's": ours / "tmp" / "ministack-lambda-api-authorizer-abcd1_34" / "code",
    }
    with ExitStack() as stack:
        running = {name: stack.enter_context(process_in(place)) for name, place in names.items()}
        assert workers_of(theirs, "api") == [running["theirs"].pid]
        assert kill_workers(ours, "api") == [running["ours"].pid]
        assert running["ours"].wait(10) != 0
        for name in ("theirs", "another's"):
            os.kill(running[name].pid, 0)
            assert running[name].poll() is None
