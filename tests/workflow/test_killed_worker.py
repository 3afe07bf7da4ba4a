"""A Lambda's process dies in the middle of the map."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.support.driver import Driver

pytestmark = pytest.mark.stack


def workers_of(function: str) -> list[int]:
    """Process ids of the emulator's workers of a function: they run from a directory named after it."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                command = (process / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue  # it ended while we looked
            if f"ministack-lambda-{function}-" in command:
                found.append(int(process.name))
    return found


def kill_some(function: str, stop: threading.Event, killed: list[int]) -> None:
    while not stop.is_set():
        for pid in workers_of(function)[:1]:
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        time.sleep(0.4)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers in /proc")
def test_a_killed_batch_costs_no_post_and_writes_none_twice(acme: Driver) -> None:
    stop, killed = threading.Event(), list[int]()
    campaign_id = acme.start(postCount=150)
    acme.wait(campaign_id, "generating", "awaiting_approval")
    killer = threading.Thread(target=kill_some, args=("generate-posts", stop, killed))
    killer.start()
    time.sleep(2.5)
    stop.set()
    killer.join()
    campaign = acme.wait(campaign_id, "awaiting_approval", seconds=240)
    assert killed
    assert campaign["counts"] == {"total": 150, "planned": 0, "generating": 0, "completed": 150, "failed": 0}
    # One claim and one completion for each post that was not interrupted, one more claim for each that was.
    # A completion is conditional on the claim's version, so a version beyond the claims would be a second writing.
    for post in acme.items(campaign_id, "POST#"):
        # The mark of a text that is much like an earlier one is written when all are counted.
        marked = any(rule["rule"] == "content.duplicate" for rule in post["provenance"]["rules"])
        assert post["version"] - marked == 2 + int(post["claim"]["attempt"] > 0) or post["claim"]["attempt"] > 1
        assert post["status"] == "completed"
