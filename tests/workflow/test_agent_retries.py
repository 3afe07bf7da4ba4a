"""The agents' temporary errors on the local stack: retried by the definition, and visible afterwards."""

import json
from typing import Any

import pytest

from lambdas.build.duplicates import RULE as DUPLICATE
from tests.support.driver import Driver

pytestmark = pytest.mark.stack


def attempts(driver: Driver, campaign_id: str, step: str) -> list[dict[str, Any]]:
    found = [item for item in driver.items(campaign_id, "CHECKPOINT#") if item["stepName"] == step]
    return sorted(found, key=lambda checkpoint: int(checkpoint["attempt"]))


def test_a_throttled_planner_is_tried_again_and_each_attempt_is_on_record(acme: Driver) -> None:
    plan = json.dumps({"plan": ["throttle", "timeout"]})
    with acme.changed("plan-posts", OFFLINE_FAULT_PLAN=plan):
        campaign_id = acme.start(postCount=3)
        acme.wait(campaign_id, "awaiting_approval")
    seen = attempts(acme, campaign_id, "PlanPosts")
    assert [(int(c["attempt"]), c["outcome"]) for c in seen] == [(0, "failed"), (1, "failed"), (2, "succeeded")]
    assert [c["error"]["retryable"] for c in seen[:2]] == [True, True]
    assert "PROVIDER_THROTTLED" in seen[0]["error"]["message"]
    assert "PROVIDER_TIMEOUT" in seen[1]["error"]["message"]


def test_a_throttled_post_is_written_by_the_next_attempt_and_its_neighbours_are_not_written_again(
    acme: Driver,
) -> None:
    plan = json.dumps({"2": ["throttle"], "3": ["malformed"], "4": "blocked"})
    with acme.changed("generate-posts", OFFLINE_FAULT_PLAN=plan):
        campaign_id = acme.start(postCount=40)
        waiting = acme.wait(campaign_id, "awaiting_approval")
    assert waiting["counts"] == {"total": 40, "planned": 0, "generating": 0, "completed": 39, "failed": 1, "dropped": 0}
    posts = acme.stored_posts(campaign_id)
    # Each is written once, and stored once more exactly where it is marked for being like another.
    marked = [any(rule["rule"] == DUPLICATE for rule in p.get("provenance", {}).get("rules", ())) for p in posts]
    assert [post["version"] for post in posts] == [1 + mark for mark in marked]
    first, others = posts[0]["batchId"], [post for post in posts if post["batchId"] != posts[0]["batchId"]]
    assert {post["claim"]["attempt"] for post in posts if post["batchId"] == first} == {1}
    assert {post["claim"]["attempt"] for post in others} == {0}
    assert posts[0]["completedAt"] < posts[1]["completedAt"], "its neighbour waited for the next attempt"
    # The second was throttled once and the third answered malformed once. Any of them may have been asked once more,
    # for another opening than its neighbours', so these are the fewest requests that can have been made.
    asked = [int(post["provenance"].get("attempts", 1)) for post in posts[:3]]
    assert all(made >= least for made, least in zip(asked, (1, 2, 2), strict=True)), asked
    assert posts[3]["error"]["code"] == "CONTENT_BLOCKED"
