"""A fifth of all requests to DynamoDB, S3, Lambda and Bedrock are refused: everything arrives, and at what price."""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from pytest_httpserver import HTTPServer

from tests.support.bedrock import Bedrock
from tests.support.driver import Driver
from tests.support.faulty_functions import Faults, build_functions, faulty_functions

pytestmark = pytest.mark.stack

logger = logging.getLogger("throttling")

RATE = 0.2
AMPLIFICATION = 1.5
"""The most requests that may be made for one that would have been made undisturbed."""
THROTTLED = {"dynamodb", "s3", "lambda", "bedrock"}


@pytest.fixture
def faults(acme: Driver, httpserver: HTTPServer) -> Iterator[Faults]:
    """BUILD's functions, with agents that ask Bedrock."""
    bedrock = Bedrock(httpserver)
    with faulty_functions(acme.stack, build_functions(acme.stack).values()) as orders, ExitStack() as changed:
        for agent in ("plan-posts", "generate-posts"):
            changed.enter_context(acme.changed(agent, **bedrock.environment))
        yield orders
    assert bedrock.calls


def build(driver: Driver, campaigns: int, posts: int) -> None:
    """So many campaigns at once, all of them written to the last post, and approved."""
    ids = [driver.start(name=f"Throttled {n}", postCount=posts) for n in range(campaigns)]
    for campaign_id in ids:
        counts = driver.wait(campaign_id, "awaiting_approval", seconds=600)["counts"]
        assert (counts["completed"], counts["failed"]) == (posts, 0)
    with ThreadPoolExecutor(4) as pool:
        # A mail that was throttled is tried again by the sweep, a minute later.
        links = list(pool.map(lambda one: driver.link(one, seconds=400), ids))
        assert {answer.status for answer in pool.map(lambda link: driver.answer(link, "approved"), links)} == {200}
    for campaign_id in ids:
        driver.wait(campaign_id, "approved", seconds=120)


def measure(driver: Driver, faults: Faults, campaigns: int, posts: int) -> dict[str, Counter[str]]:
    """Build undisturbed and throttled, and hold the whole to the bound; answers the throttled requests by service."""
    with faults.throttled(0):
        build(driver, campaigns, posts)
        undisturbed = faults.requests()
    with faults.throttled(RATE, seed=SEED):
        build(driver, campaigns, posts)
        throttled = faults.requests()
    needed = sum(made.total() for made in undisturbed.values())
    made = sum(made.total() for made in throttled.values())
    refused = sum(made["refused"] for made in throttled.values())
    logger.info("%d requests instead of %d: amplification %.3f", made, needed, made / needed)
    logger.info("%s", json.dumps({"undisturbed": undisturbed, "throttled": throttled}, sort_keys=True))
    assert not any(made["refused"] for made in undisturbed.values())
    # Of a few hundred requests a fifth is refused, give or take three standard deviations.
    assert refused / made > RATE - 3 * (RATE * (1 - RATE) / made) ** 0.5
    assert made / needed <= AMPLIFICATION
    return throttled


SEED = 1
"""With which each service refuses one of its first requests: S3 is asked a few times only."""


def test_throttled_campaigns_arrive_with_at_most_half_as_many_requests_again(acme: Driver, faults: Faults) -> None:
    throttled = measure(acme, faults, campaigns=3, posts=12)
    assert {service for service, made in throttled.items() if made["refused"]} >= THROTTLED


@pytest.mark.soak
def test_many_throttled_campaigns_arrive_with_at_most_half_as_many_requests_again(acme: Driver, faults: Faults) -> None:
    throttled = measure(acme, faults, campaigns=25, posts=60)
    assert {service for service, made in throttled.items() if made["refused"] >= 5} >= THROTTLED
