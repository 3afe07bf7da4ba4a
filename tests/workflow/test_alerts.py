"""Whoever subscribes to the alerts hears of a campaign that failed, with what it takes to begin with."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from ulid import ULID

from tests.support.driver import Driver
from tests.workflow.test_recovery import queue_without_execution

pytestmark = pytest.mark.stack


def subscribed(driver: Driver) -> str:
    """The URL of a queue that gets every alert from now on."""
    topics, sqs = driver.stack.client("sns"), driver.stack.client("sqs")
    (topic,) = [t["TopicArn"] for t in topics.list_topics()["Topics"] if t["TopicArn"].endswith(":campaign-alerts")]
    url: str = sqs.create_queue(QueueName=f"alerts-{ULID()}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    let_in = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**let_in, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    topics.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return url


def heard(driver: Driver, url: str, campaign_id: str, seconds: float = 60) -> dict[str, Any]:
    sqs = driver.stack.client("sqs")
    deadline = time.monotonic() + seconds
    while True:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            alert: dict[str, Any] = json.loads(message["Body"])
            if alert["campaignId"] == campaign_id:
                return alert
        assert time.monotonic() < deadline, "nobody was told"


def test_a_failed_campaign_is_told_with_all_there_is_to_know(acme: Driver) -> None:
    url = subscribed(acme)
    campaign_id = queue_without_execution(acme, timedelta(), brandId="no-such-brand")
    ids = {"tenantId": "acme", "campaignId": campaign_id, "correlationId": "corr-1"}
    machine = acme.stack.info["stateMachines"]["build"]
    acme.stack.client("stepfunctions").start_execution(
        stateMachineArn=f"{machine}:live", name=campaign_id, input=json.dumps(ids)
    )
    alert = heard(acme, url, campaign_id)
    assert (alert["tenantId"], alert["status"], alert["name"]) == ("acme", "failed", "Spring launch")
    failure = alert["failure"]
    assert (failure["code"], failure["step"], failure["retryable"]) == ("INVALID_INPUT", "ValidateCampaign", False)
    assert "no-such-brand" in failure["message"]
    assert failure["correlationId"] == "corr-1"
    assert campaign_id in failure["executionUrl"]
    assert f"POST /campaigns/{campaign_id}/retry" in failure["nextStep"]
    assert failure["causes"][0]["error"] == "InvalidInputError"
    # The record says the same.
    assert acme.execution(campaign_id)["status"] == "FAILED"
    assert acme.get(f"/campaigns/{campaign_id}")["error"] == failure
