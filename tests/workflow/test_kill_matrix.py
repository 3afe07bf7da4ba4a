"""SIGKILL for the workers of every state of BUILD, at moments nobody chose: before, during and after their effects.

Where exactly a worker dies is chosen in ``tests/property/test_kills.py``, call by call; here real processes die.
"""

import itertools
import os
import signal
import threading
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.support.driver import Driver
from tests.support.workers import workers_of

pytestmark = [pytest.mark.stack, pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds workers in /proc")]

STATES = (
    "validate-campaign",
    "save-campaign",
    "plan-posts",
    "generate-posts",
    "aggregate-results",
    "request-approval",
    "complete-campaign",
    "reject-campaign",
)
POSTS = 24


class Killer(threading.Thread):
    """Kills a worker of one state after the other, ``kills`` in all, at moments that ``seed`` chooses."""

    def __init__(self, kills: int, seed: int = 5) -> None:
        super().__init__()
        self.killed: Counter[str] = Counter()
        self._kills, self._random, self._stopping = kills, Random(seed), threading.Event()

    def run(self) -> None:
        for state in itertools.cycle(STATES):
            if self._stopping.is_set() or self.killed.total() >= self._kills:
                return
            for pid in workers_of(state)[:1]:
                os.kill(pid, signal.SIGKILL)
                self.killed[state] += 1
            self._stopping.wait(self._random.uniform(0.05, 0.45))

    def stop(self) -> None:
        self._stopping.set()
        self.join()


def survive(driver: Driver, kills: int) -> Counter[str]:
    """Waves of campaigns, until enough workers were killed among them; answers the kills by state."""
    killer = Killer(kills)
    killer.start()
    try:
        while killer.is_alive():
            ids = [driver.start(name=f"Wave {n}", postCount=POSTS) for n in range(3)]
            for campaign_id in ids:
                driver.wait(campaign_id, "awaiting_approval", seconds=240)
                assert driver.decide(campaign_id, "approved").status == 200
            for campaign_id in ids:
                driver.wait(campaign_id, "approved", seconds=240)
                check(driver, campaign_id)
    finally:
        killer.stop()
    return killer.killed


def check(driver: Driver, campaign_id: str) -> None:
    """Everything was done, and nothing twice."""
    posts = driver.items(campaign_id, "POST#")
    assert Counter(post["status"] for post in posts) == {"completed": POSTS}
    for post in posts:
        # One write for each claim and one for the text: a second writing would be another version.
        assert post["version"] <= 2 + post["claim"]["attempt"]
    # A move of the campaign is marked in its own transaction, so a move made twice would be marked twice.
    moves = Counter(item["effect"] for item in driver.items(campaign_id, "CHECKPOINT#") if "effect" in item)
    assert moves == {"planning": 1, "generating": 1, "awaiting_approval": 1, "approved": 1}
    decided = [item["status"] for item in driver.items(campaign_id, "APPROVAL#")]
    assert decided.count("DECIDED") == 1
    assert "PENDING" not in decided


@pytest.mark.soak
def test_twenty_kills_of_any_state_lose_nothing(acme: Driver) -> None:
    killed = survive(acme, kills=20)
    assert killed.total() >= 20
    assert len(killed) >= 5


@pytest.mark.soak
def test_two_hundred_kills_lose_nothing_and_do_nothing_twice(acme: Driver) -> None:
    killed = survive(acme, kills=200)
    assert killed.total() >= 200
