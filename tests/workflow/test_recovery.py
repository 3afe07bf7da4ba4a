"""Campaigns whose execution is lost, and campaigns that failed: they go on from where they were."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ulid import ULID

from lambdas.adapters.dynamodb_campaigns import DynamoCampaigns
from tests.contract import samples
from tests.support.driver import Driver, brief

pytestmark = pytest.mark.stack


def queue_without_execution(driver: Driver, age: timedelta = timedelta(minutes=1), **changes: Any) -> str:
    """What a submission leaves that died between its record and its execution."""
    campaign_id = str(ULID())
    campaign = samples.campaign().to_wire() | {
        "campaignId": campaign_id,
        "brief": brief(postCount=3, **changes),
        "createdAt": datetime.now(UTC) - age,
    }
    store = DynamoCampaigns(driver.stack.client("dynamodb"), driver.stack.info["table"])
    store.create(type(samples.campaign()).model_validate(campaign))
    return campaign_id


def written(driver: Driver, campaign_id: str) -> dict[str, str]:
    """When each completed post was completed."""
    posts = driver.items(campaign_id, "POST#")
    return {post["postId"]: post["completedAt"] for post in posts if post["status"] == "completed"}


def approve(driver: Driver, campaign_id: str) -> None:
    assert driver.decide(campaign_id, "approved").status == 200
    driver.wait(campaign_id, "approved")


def fail(driver: Driver, brand_id: str = "no-such-brand") -> str:
    """A campaign of a brand that was deleted after it was accepted."""
    campaign_id = queue_without_execution(driver, timedelta(), brandId=brand_id)
    ids = json.dumps({"tenantId": driver.tenant, "campaignId": campaign_id, "correlationId": "corr-1"})
    machine = driver.stack.info["stateMachines"]["build"]
    driver.stack.client("stepfunctions").start_execution(stateMachineArn=machine, name=campaign_id, input=ids)
    assert driver.execution(campaign_id)["status"] == "FAILED"
    return campaign_id


def test_an_aborted_execution_is_replaced_and_the_reviewers_are_asked_anew(acme: Driver) -> None:
    campaign_id = acme.start(postCount=20)
    acme.wait(campaign_id, "awaiting_approval")
    before, old_link = written(acme, campaign_id), acme.link(campaign_id)
    acme.stack.client("stepfunctions").stop_execution(executionArn=acme.execution_arn(campaign_id))
    acme.invoke("reconcile", {"everything": True})
    acme.newer_link(campaign_id, old_link)
    assert written(acme, campaign_id) == before
    approve(acme, campaign_id)
    executions = acme.get(f"/campaigns/{campaign_id}/executions")["items"]
    assert [(e["name"], e["status"]) for e in executions] == [
        (campaign_id, "ABORTED"),
        (f"{campaign_id}-1", "SUCCEEDED"),
    ]


def test_an_execution_that_dies_among_the_posts_costs_none_and_writes_none_twice(acme: Driver) -> None:
    campaign_id = acme.start(postCount=300)
    while len(written(acme, campaign_id)) < 20:
        time.sleep(0.1)
    acme.stack.client("stepfunctions").stop_execution(executionArn=acme.execution_arn(campaign_id))
    before = written(acme, campaign_id)
    acme.invoke("reconcile", {"everything": True})
    campaign = acme.wait(campaign_id, "awaiting_approval", seconds=240)
    assert campaign["counts"] == {"total": 300, "planned": 0, "generating": 0, "completed": 300, "failed": 0}
    assert before.items() <= written(acme, campaign_id).items()


def test_a_submission_that_died_before_its_execution_is_started(acme: Driver) -> None:
    campaign_id = queue_without_execution(acme)
    acme.invoke("reconcile", {"everything": True})
    acme.wait(campaign_id, "awaiting_approval")
    assert acme.get(f"/campaigns/{campaign_id}")["executionArn"].endswith(f":{campaign_id}")
