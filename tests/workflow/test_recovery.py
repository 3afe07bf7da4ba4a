"""Campaigns whose execution is lost, and campaigns that failed: they go on from where they were."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import urllib3
from ulid import ULID

from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.adapters.table.dynamo_table import DynamoTable
from tests.contract import samples
from tests.support.driver import Driver, brief

pytestmark = pytest.mark.stack


def reconcile(driver: Driver) -> dict[str, Any]:
    answer = driver.stack.client("lambda").invoke(FunctionName="reconcile", Payload=b'{"everything": true}')
    report: dict[str, Any] = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, report
    return report


def queue_without_execution(driver: Driver, age: timedelta = timedelta(minutes=1), **changes: Any) -> str:
    """What a submission leaves that died between its record and its execution."""
    campaign_id = str(ULID())
    campaign = samples.campaign().to_wire() | {
        "campaignId": campaign_id,
        "brief": brief(postCount=3, **changes),
        "createdAt": datetime.now(UTC) - age,
    }
    store = TableCampaigns(DynamoTable(driver.stack.client("dynamodb"), driver.stack.info["table"]))
    store.create(type(samples.campaign()).model_validate(campaign))
    return campaign_id


def written(driver: Driver, campaign_id: str) -> dict[str, str]:
    """When each completed post was completed."""
    posts = driver.items(campaign_id, "POST#")
    return {post["postId"]: post["completedAt"] for post in posts if post["status"] == "completed"}


def approve(driver: Driver, campaign_id: str) -> None:
    assert driver.decide(campaign_id, "approved").status == 200
    driver.wait(campaign_id, "approved")


def taken_over(driver: Driver, campaign_id: str, old_link: str) -> None:
    """Once the next execution waits for the same request: its links stay, and nobody is mailed again."""
    deadline = time.monotonic() + 60
    while True:
        (request,) = driver.items(campaign_id, "APPROVAL#")
        asks, lives = request["executionId"], driver.record(campaign_id)["executionArn"]
        if asks == lives != driver.execution_arn(campaign_id) and request["status"] == "PENDING":
            break
        assert time.monotonic() < deadline, f"{asks} asks, and not {lives}"
        time.sleep(0.2)
    assert driver.link(campaign_id) == old_link


def fail(driver: Driver, brand_id: str = "no-such-brand") -> str:
    """A campaign of a brand that was deleted after it was accepted."""
    campaign_id = queue_without_execution(driver, timedelta(), brandId=brand_id)
    ids = json.dumps({"tenantId": driver.tenant, "campaignId": campaign_id, "correlationId": "corr-1"})
    machine = driver.stack.info["stateMachines"]["build"]
    driver.stack.client("stepfunctions").start_execution(stateMachineArn=machine, name=campaign_id, input=ids)
    assert driver.execution(campaign_id)["status"] == "FAILED"
    return campaign_id


def test_an_aborted_execution_is_replaced_and_the_reviewers_are_not_asked_again(acme: Driver) -> None:
    campaign_id = acme.start(postCount=20)
    acme.wait(campaign_id, "awaiting_approval")
    before, old_link = written(acme, campaign_id), acme.link(campaign_id)
    acme.stack.client("stepfunctions").stop_execution(executionArn=acme.execution_arn(campaign_id))
    reconcile(acme)
    taken_over(acme, campaign_id, old_link)
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
    while "writing" in reconcile(acme)["findings"]:  # whoever still writes is let finish
        time.sleep(5)
    campaign = acme.wait(campaign_id, "awaiting_approval", seconds=240)
    none = dict.fromkeys(("planned", "generating", "failed", "dropped"), 0)
    assert campaign["counts"] == none | {"total": 300, "completed": 300}
    assert before.items() <= written(acme, campaign_id).items()


def test_a_submission_that_died_before_its_execution_is_started(acme: Driver) -> None:
    campaign_id = queue_without_execution(acme)
    reconcile(acme)
    acme.wait(campaign_id, "awaiting_approval")
    assert acme.get(f"/campaigns/{campaign_id}")["executionArn"].endswith(f":{campaign_id}")


def test_a_failed_campaign_is_undone_alerted_and_tried_again_by_hand(acme: Driver) -> None:
    campaign_id = fail(acme, "late-brand")
    error = acme.get(f"/campaigns/{campaign_id}")["error"]
    assert (error["step"], error["retryable"], error["correlationId"]) == ("ValidateCampaign", False, "corr-1")
    assert error["executionUrl"].startswith("https://us-east-1.console.aws.amazon.com/states/")
    assert campaign_id in error["nextStep"]
    assert error["causes"]
    refused = acme.send("POST", f"/campaigns/{campaign_id}/retry", {"mode": "from_step", "step": "GeneratePosts"})
    assert refused.status == 409
    brand = {"name": "Late", "tone": ["warm"], "voice": "Plain."}
    assert acme.send("PUT", "/brands/late-brand", brand).status == 200
    again = acme.send("POST", f"/campaigns/{campaign_id}/retry", {"mode": "from_step"})
    assert again.status == 202, again.text
    acme.wait(campaign_id, "awaiting_approval")
    assert "error" not in acme.get(f"/campaigns/{campaign_id}")
    approve(acme, campaign_id)


def test_a_campaign_whose_execution_ended_by_itself_is_tried_again(acme: Driver) -> None:
    """Its execution has ended by itself, which the engine does not let anybody stop any more."""
    with acme.changed("validate-campaign", STATE_LIMIT_BYTES="10"):  # too small for any input: it fails for good
        campaign_id = acme.start(postCount=3)
        assert acme.execution(campaign_id)["status"] == "FAILED"
    assert acme.get(f"/campaigns/{campaign_id}")["error"]["code"] == "STATE_TOO_LARGE"
    again = acme.send("POST", f"/campaigns/{campaign_id}/retry", {"mode": "from_step"})
    assert again.status == 202, again.text
    assert again.json()["executionArn"].endswith(f"{campaign_id}-1")
    acme.wait(campaign_id, "awaiting_approval")


def test_a_brand_that_changed_after_the_submission_is_put_right_and_the_retry_made_that_the_error_suggests(
    acme: Driver,
) -> None:
    path, product = "/brands/moving-brand", {"name": "R", "description": "D.", "url": "https://brand.example/r"}
    brand = {"name": "Moving", "tone": ["warm"], "voice": "Plain.", "links": {"allowedDomains": ["elsewhere.example"]}}
    assert acme.send("PUT", path, brand).status == 200
    campaign_id = queue_without_execution(acme, brandId="moving-brand", product=product)
    reconcile(acme)
    assert acme.execution(campaign_id)["status"] == "FAILED"
    error = acme.get(f"/campaigns/{campaign_id}")["error"]
    assert (error["code"], error["step"]) == ("INVALID_INPUT", "ValidateCampaign")
    assert f"POST /campaigns/{campaign_id}/retry" in error["nextStep"]
    right = brand | {"links": {"allowedDomains": ["brand.example"]}}
    assert acme.send("PUT", path, right).status == 200
    again = acme.send("POST", f"/campaigns/{campaign_id}/retry", {"mode": "from_step"})
    assert again.status == 202, again.text
    acme.wait(campaign_id, "awaiting_approval")


def test_an_execution_that_is_aborted_is_seen_to_without_anybody_asking(acme: Driver) -> None:
    """The engine reports it."""
    campaign_id = acme.start(postCount=3)
    acme.wait(campaign_id, "awaiting_approval")
    old_link = acme.link(campaign_id)
    acme.stack.client("stepfunctions").stop_execution(executionArn=acme.execution_arn(campaign_id))
    taken_over(acme, campaign_id, old_link)
    approve(acme, campaign_id)


def test_what_happened_can_be_read_and_seen(acme: Driver) -> None:
    campaign_id = acme.start(postCount=12)
    acme.wait(campaign_id, "awaiting_approval")
    path = f"/campaigns/{campaign_id}"
    context = acme.get(f"{path}/checkpoints", limit=2)
    assert (context["status"], context["currentStep"]) == ("waiting_callback", "RequestApproval")
    assert [call["type"] for call in context["activeCallbacks"]] == ["approval"]
    steps, cursor = [c["stepName"] for c in context["checkpoints"]], context["nextCursor"]
    while cursor:
        page = acme.get(f"{path}/checkpoints", limit=2, cursor=cursor)
        steps, cursor = steps + [c["stepName"] for c in page["checkpoints"]], page["nextCursor"]
    assert steps == ["ValidateCampaign", "SaveCampaign", "PlanPosts", "AggregateResults", "RequestApproval"]
    (execution,) = acme.get(f"{path}/executions")["items"]
    joined = [(s["state"], s["outcome"], [a["outcome"] for a in s["attempts"]]) for s in execution["states"]]
    assert joined[-2:] == [
        ("AggregateResults", "done", ["succeeded"]),
        ("RequestApproval", "open", ["succeeded"]),
    ]
    svg = acme.send("GET", f"{path}/graph")
    assert (svg.status, svg.headers["content-type"]) == (200, "image/svg+xml")
    assert '<g id="state-RequestApproval" class="state waiting ' in svg.text
    assert "12 of 12 posts" in svg.text
    name = acme.execution_arn(campaign_id).rsplit(":", 1)[1]
    console = urllib3.request("GET", f"{acme.stack.info['consoleUrl']}executions/{name}/picture.svg")
    assert (console.status, console.headers["content-type"]) == (200, "image/svg+xml")
    assert b'<g id="state-RequestApproval" class="state waiting ' in console.data
    graph = acme.get(f"{path}/graph", format="json")
    nodes = {node["name"]: node for node in graph["nodes"]}
    assert nodes["RequestApproval"]["status"] == "waiting"
    assert nodes["GeneratePosts"]["counts"]["completed"] == 12
    assert nodes["Compensate"]["status"] == "not_reached"
