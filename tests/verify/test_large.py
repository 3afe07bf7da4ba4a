"""A campaign of many posts: ``POSTS`` says how many (1,000 in ``make verify``, a few in ``make test``)."""

import json
from typing import Any

import pytest

from tests.support.driver import Author
from tests.verify.notebook import Notebook

pytestmark = pytest.mark.stack

MAX_STATE_INPUT = 32 * 1024
_MINUTES = 15


def test_all_posts_of_a_large_campaign_are_written_once(one: Author, seen: Notebook, large: int, timed: Any) -> None:
    with timed(f"POST to awaiting approval, {large:,} posts"):
        campaign_id = one.start(name="Large", postCount=large, generation={"maxConcurrency": 100})
        campaign = one.wait(campaign_id, "awaiting_approval", seconds=60 * _MINUTES, every=1)
    none = dict.fromkeys(("planned", "generating", "failed", "dropped"), 0)
    assert campaign["counts"] == none | {"total": large, "completed": large}
    posts = one.posts(campaign_id)
    assert [post["index"] for post in posts] == list(range(len(posts)))
    assert len({post["postId"] for post in posts}) == large
    times = [post["scheduledAt"] for post in posts]
    assert times == sorted(times)
    events = one.events(one.execution_arn(campaign_id))
    inputs = [e["stateEnteredEventDetails"]["input"] for e in events if "stateEnteredEventDetails" in e]
    assert max(len(json.dumps(json.loads(text)).encode()) for text in inputs) <= MAX_STATE_INPUT
    seen.fact("states", [e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e])
    with timed(f"yes to approved, {large:,} posts"):
        one.decide(campaign_id, "approved")
        one.wait(campaign_id, "approved")
