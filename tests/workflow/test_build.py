"""BUILD on the local stack: the synthesised template, the real handlers, IAM enforced."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.driver import Driver, most_in_flight

pytestmark = pytest.mark.stack

MAX_STATE_INPUT = 32 * 1024


def test_a_brief_becomes_an_approved_campaign(acme: Driver) -> None:
    campaign_id = acme.start()
    waiting = acme.wait(campaign_id, "awaiting_approval")
    assert waiting["counts"] == {"total": 12, "planned": 0, "generating": 0, "completed": 12, "failed": 0, "dropped": 0}
    acme.decide(campaign_id, "approved", "Ship it")
    acme.wait(campaign_id, "approved")
    assert acme.execution(campaign_id)["status"] == "SUCCEEDED"
    progress = acme.get(f"/campaigns/{campaign_id}/progress")
    assert (progress["progressPercentage"], progress["currentStep"], progress["remainingSteps"]) == (100, None, [])
    steps = [item["stepName"] for item in acme.items(campaign_id, "CHECKPOINT#") if item["outcome"] == "succeeded"]
    assert sorted(steps) == sorted(
        [
            "ValidateCampaign",
            "SaveCampaign",
            "PlanPosts",
            "AggregateResults",
            "RequestApproval",
            "CompleteCampaign",
        ]
    )


def test_five_hundred_posts_stay_within_the_limit_and_the_state_stays_small(acme: Driver) -> None:
    limit = 30
    campaign_id = acme.start(postCount=500, generation={"maxConcurrency": limit})
    acme.wait(campaign_id, "awaiting_approval", seconds=300)
    posts = acme.stored_posts(campaign_id)
    assert len(posts) == 500
    assert {post["status"] for post in posts} == {"completed"}
    assert 1 <= most_in_flight(posts) <= limit
    largest = max(len(text.encode()) for _, text in acme.state_inputs(campaign_id))
    assert largest <= MAX_STATE_INPUT
    acme.decide(campaign_id, "approved")
    acme.wait(campaign_id, "approved")


def test_five_campaigns_at_once_all_arrive(acme: Driver) -> None:
    ids = [acme.start(name=f"Campaign {n}", postCount=100) for n in range(5)]
    for campaign_id in ids:
        campaign = acme.wait(campaign_id, "awaiting_approval", seconds=300)
        assert campaign["counts"]["completed"] == 100
        assert most_in_flight(acme.stored_posts(campaign_id)) <= 20
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda campaign_id: acme.decide(campaign_id, "approved"), ids))
    for campaign_id in ids:
        acme.wait(campaign_id, "approved")


def test_the_execution_itself_checks_its_input(acme: Driver) -> None:
    """Somebody starts the state machine by hand, with nonsense."""
    states = acme.stack.client("stepfunctions")
    machine = acme.stack.info["stateMachines"]["build"]
    for text in ("{}", json.dumps({"tenantId": "acme", "campaignId": "nonsense", "correlationId": "c"})):
        arn = states.start_execution(stateMachineArn=machine, input=text)["executionArn"]
        name = arn.rsplit(":", 1)[-1]
        execution = acme.execution(name)
        assert execution["status"] == "FAILED"
        assert execution["error"] == "InvalidInputError"
