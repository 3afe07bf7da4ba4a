"""A Lambda's process dies in the middle of the map."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.support.driver import Driver
from tests.support.workers import workers_of

pytestmark = pytest.mark.stack


def kill_some(function: str, stop: threading.Event, killed: list[int]) -> None:
    while not stop.is_set():
        for pid in workers_of(function)[:1]:
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        time.sleep(0.4)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers in /proc")
def test_a_killed_batch_costs_no_post_and_writes_none_twice(acme: Driver) -> None:
    stop, killed = threading.Event(), list[int]()
    # 100 ms a post keep the map busy long enough to be hit in the middle.
    with acme.changed("generate-posts", OFFLINE_LATENCY_MS="100"):
        campaign_id = acme.start(postCount=200, generation={"maxConcurrency": 20})
        acme.wait_for_posts(campaign_id, lambda counts: 0 < counts["completed"] < counts["total"])
        killer = threading.Thread(target=kill_some, args=("generate-posts", stop, killed))
        killer.start()
        time.sleep(2.5)
        stop.set()
        killer.join()
        campaign = acme.wait(campaign_id, "awaiting_approval", seconds=240)
    assert killed
    assert campaign["counts"] == {"total": 200, "planned": 0, "generating": 0, "completed": 200, "failed": 0}
    posts = acme.stored_posts(campaign_id)
    assert {post["status"] for post in posts} == {"completed"}
    assert any(post["claim"]["attempt"] > 0 for post in posts), "no batch was hit"
    assert {post["version"] for post in posts} == {1}, "a post was stored twice"
