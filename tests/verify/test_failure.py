"""A campaign that fails says why, somebody is told, and it goes on once the cause is mended."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from ulid import ULID

from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.domain.ids import CampaignId, CampaignKey, CorrelationId, TenantId
from lambdas.domain.models.campaign import Campaign, CampaignBrief, CampaignStatus
from local.client import until
from local.removal import ALERT_QUEUES
from tests.support.driver import BRAND_BODY, Author
from tests.verify.notebook import Notebook

pytestmark = pytest.mark.stack


def failed(one: Author, brand: str) -> str:
    """A campaign of a brand that is gone when its execution begins.

    Deleting it right after the POST would be a race with the first two steps. So the operator writes the record that
    the submission would have written, and starts its execution.
    """
    campaign_id, now = CampaignId(str(ULID())), datetime.now(UTC)
    record = Campaign(
        tenant_id=TenantId(one.tenant),
        campaign_id=campaign_id,
        status=CampaignStatus.QUEUED,
        brief=CampaignBrief.from_wire(one.brief(name="Failed", brandId=brand)),
        correlation_id=CorrelationId("verify-failure"),
        created_at=now,
        updated_at=now,
        created_by="make verify",
    )
    store = TableCampaigns(DynamoTable(one.aws("dynamodb"), one.target.info["table"]))
    store.create(record)
    ids = {"tenantId": one.tenant, "campaignId": campaign_id, "correlationId": "verify-failure"}
    machine = f"{one.target.info['stateMachines']['build']}:live"
    states = one.aws("stepfunctions")
    arn = states.start_execution(stateMachineArn=machine, name=campaign_id, input=json.dumps(ids))["executionArn"]
    store.update(CampaignKey(record.tenant_id, campaign_id), expected=tuple(CampaignStatus), at=now, execution_arn=arn)
    return campaign_id


def subscribed(one: Author) -> str:
    """The URL of a queue that gets every alert from now on.

    It has its policy from the beginning: a changed one takes up to a minute to hold, and what SNS is not let deliver it
    does not try again (docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html,
    docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html).
    """
    topic, name = one.target.info["alertTopic"], f"{ALERT_QUEUES}{ULID()}-{one.tenant}"
    arn = ":".join([*topic.replace(":sns:", ":sqs:").split(":")[:5], name])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    url: str = one.aws("sqs").create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    one.aws("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return url


def heard(one: Author, url: str, campaign_id: str) -> dict[str, Any]:
    def told() -> dict[str, Any] | None:
        messages = one.aws("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
        alerts: list[dict[str, Any]] = [json.loads(message["Body"]) for message in messages]
        return next((alert for alert in alerts if alert.get("campaignId") == campaign_id), None)

    return until(told, "nobody was told of the failure", 60 * one.patience)


def test_a_failed_campaign_is_told_mended_and_tried_again(one: Author, seen: Notebook) -> None:
    queue, brand = subscribed(one), f"gone-{ULID()}".lower()
    campaign_id = failed(one, brand)
    campaign = one.wait(campaign_id, "failed")
    assert one.execution(campaign_id)["status"] == "FAILED"
    error = campaign["error"]
    assert (error["code"], error["step"], error["retryable"]) == ("INVALID_INPUT", "ValidateCampaign", False)
    assert error["correlationId"] == "verify-failure"
    assert f"POST /campaigns/{campaign_id}/retry" in error["nextStep"]
    assert brand in error["message"]
    assert error["executionUrl"].startswith("https://")
    alert = heard(one, queue, campaign_id)
    assert (alert["tenantId"], alert["status"], alert["failure"]) == (one.tenant, "failed", error)

    too_far = one.send("POST", f"/campaigns/{campaign_id}/retry", {"mode": "from_step", "step": "GeneratePosts"})
    assert too_far.status == 409
    assert one.send("PUT", f"/brands/{brand}", BRAND_BODY).status == 200
    again = one.send("POST", f"/campaigns/{campaign_id}/retry", {"mode": "from_step"})
    assert again.status == 202, again.text
    assert "error" not in one.wait(campaign_id, "awaiting_approval")
    one.decide(campaign_id, "approved")
    one.wait(campaign_id, "approved")
    over = [(campaign_id, "FAILED"), (f"{campaign_id}-1", "SUCCEEDED")]

    def executions() -> list[tuple[str, str]]:
        return [(e["name"], e["status"]) for e in one.pages(f"/campaigns/{campaign_id}/executions")]

    # The execution ends a moment after the status is written.
    until(lambda: executions() == over, f"the executions do not come to be {over}")
    seen.fact("error", _without(error, brand))
    seen.reply("a step it never came to", too_far)
    seen.fact("retry", again.json())


def test_a_retry_where_there_is_nothing_to_retry(one: Author, seen: Notebook) -> None:
    campaign_id = one.start(name="Fine", postCount=1)
    one.wait(campaign_id, "awaiting_approval")
    one.decide(campaign_id, "rejected")
    one.wait(campaign_id, "rejected")
    reply = one.send("POST", f"/campaigns/{campaign_id}/retry", {})
    assert reply.status == 409
    seen.reply("refusal", reply)


def _without(error: dict[str, Any], brand: str) -> Any:
    return json.loads(json.dumps(error).replace(brand, "<brand>"))
