"""Campaigns on a table that promises no more than AWS does: partitions refuse what is over their throughput, and
every read that does not insist on the newest version may be behind.

A stack of its own, since both cost time.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.http import Http
from local.process import free_port
from local.stack import Stack
from tests.support.driver import Driver

pytestmark = [pytest.mark.stack, pytest.mark.slow]

SETTINGS = {"LOCAL_PARTITION_THROUGHPUT": "200:0", "LOCAL_STALE_READS": "0.8:11"}
"""Partitions of a fifth of AWS's, as the local stack writes about as much slower."""
GENERATION = {"maxConcurrency": 100, "batchSize": 10}


@pytest.fixture(scope="module")
def acme() -> Iterator[Driver]:
    with (
        tempfile.TemporaryDirectory(prefix="campaign-limits-", ignore_cleanup_errors=True) as home,
        pytest.MonkeyPatch.context() as environment,
    ):
        for name, value in SETTINGS.items():
            environment.setenv(name, value)
        stack = Stack.up(Path(home), free_port(23_000 + os.getpid() % 20_000))
        try:
            driver = Driver(stack, "acme")
            driver.set_up_catalog()
            yield driver
        finally:
            stack.stop(kill=True)


def counted(driver: Driver, page: str) -> dict[str, int]:
    totals: dict[str, int] = Http().get(f"{driver.stack.info['endpointUrl']}/_local/{page}.json").json()
    return totals


def test_a_campaign_larger_than_what_its_partition_takes_at_once_loses_no_post(acme: Driver) -> None:
    schedule = {"start": "2027-03-01T09:00:00", "end": "2029-06-30T18:00:00", "timeZone": "Europe/Berlin"}
    before = counted(acme, "refused").get("write", 0)
    campaign = acme.start(postCount=800, generation=GENERATION, schedule=schedule)
    counts = acme.wait(campaign, "awaiting_approval", seconds=600)["counts"]
    assert (counts["total"], counts["completed"], counts["failed"]) == (800, 800, 0)
    assert counted(acme, "refused")["write"] > before
    assert acme.decide(campaign, "approved").status == 200
    acme.wait(campaign, "approved")


def test_a_campaign_whose_reads_lag_is_revised_edited_and_approved(acme: Driver) -> None:
    campaign = acme.start(postCount=24, generation={"maxConcurrency": 20, "batchSize": 4})
    acme.wait(campaign, "awaiting_approval")
    first: dict[str, Any] = acme.posts(campaign)[0]
    edited = acme.send("PATCH", f"/campaigns/{campaign}/posts/{first['postId']}", {"text": "Said otherwise."})
    assert edited.status == 200, edited.text
    assert acme.posts(campaign)[0]["content"]["text"] == "Said otherwise."
    link = acme.link(campaign)
    assert acme.decide(campaign, "needs_revision", comments="Shorter, please.").status == 200
    until = time.monotonic() + 60
    while acme.link(campaign) == link:
        assert time.monotonic() < until, "nobody was asked again"
        time.sleep(0.2)
    acme.wait(campaign, "awaiting_approval")
    acme.wait_for_posts(campaign, lambda counts: counts["completed"] == 24)
    assert acme.decide(campaign, "approved").status == 200
    acme.wait(campaign, "approved")
    counts = acme.get(f"/campaigns/{campaign}")["counts"]
    assert (counts["completed"], counts["failed"]) == (24, 0)
    assert counted(acme, "behind")["reads"] > 0
