"""Cancelling and deleting on the local stack, with IAM enforced; and a server of OpenAI's kind that writes."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from local.client import until
from local.http import Http
from tests.support.chat_completions import ChatServer
from tests.support.driver import Driver

pytestmark = pytest.mark.stack


def objects(acme: Driver, campaign_id: str) -> list[str]:
    found = acme.aws("s3").list_objects_v2(
        Bucket=acme.stack.info["bucket"], Prefix=f"tenants/{acme.tenant}/campaigns/{campaign_id}/"
    )
    return [each["Key"] for each in found.get("Contents", [])]


def look(acme: Driver) -> None:
    """What the rule does once a minute, here to every campaign."""
    acme.invoke("reconcile", {"everything": True})


def aged(acme: Driver, campaign_id: str) -> None:
    """As if nobody could be writing to the campaign any more."""
    acme.aws("dynamodb").update_item(
        TableName=acme.target.info["table"],
        Key={"PK": {"S": f"TENANT#{acme.tenant}#CAMPAIGN#{campaign_id}"}, "SK": {"S": "CAMPAIGN"}},
        UpdateExpression="SET removedFrom = :past",
        ExpressionAttributeValues={":past": {"S": "2026-01-01T00:00:00.000Z"}},
    )


def test_a_campaign_is_cancelled_and_deleted_with_all_that_it_made(acme: Driver) -> None:
    campaign_id = acme.start(postCount=60)
    acme.wait(campaign_id, "awaiting_approval")
    link = acme.link(campaign_id)
    assert objects(acme, campaign_id)
    reply = acme.send("POST", f"/campaigns/{campaign_id}/cancel")
    assert (reply.status, reply.json()["status"]) == (202, "stopped"), reply.text
    assert acme.execution(campaign_id)["status"] == "ABORTED"
    page = Http().send("GET", link)
    assert (page.status, "The campaign was cancelled" in page.text) == (410, True)
    look(acme)
    until(lambda: not objects(acme, campaign_id) or None, "the manifest is still there")
    assert acme.campaign(campaign_id)["status"] == "stopped"

    deleted = acme.send("DELETE", f"/campaigns/{campaign_id}")
    assert (deleted.status, deleted.json()["status"]) == (202, "deleting"), deleted.text
    look(acme)
    assert {item["SK"] for item in acme.items(campaign_id)} <= {"CAMPAIGN", "ACTIVE"}
    aged(acme, campaign_id)
    look(acme)
    assert acme.items(campaign_id) == []
    assert acme.send("GET", f"/campaigns/{campaign_id}").status == 404
    assert campaign_id not in [each["campaignId"] for each in acme.pages("/campaigns")]


def test_a_campaign_that_is_cancelled_while_it_is_written_stays_cancelled(acme: Driver) -> None:
    with acme.changed("generate-posts", OFFLINE_LATENCY_MS="1500"):
        campaign_id = acme.start(postCount=40, generation={"maxConcurrency": 10})
        acme.wait(campaign_id, "generating")
        assert acme.send("POST", f"/campaigns/{campaign_id}/cancel").status == 202
        assert acme.execution(campaign_id)["status"] == "ABORTED"
        look(acme)
        look(acme)
    found: dict[str, Any] = acme.campaign(campaign_id)
    assert (found["status"], found["executionArn"]) == ("stopped", acme.execution_arn(campaign_id))
    assert acme.approvals(campaign_id) == []


def test_a_server_of_openais_kind_writes_a_campaign(acme: Driver) -> None:
    with HTTPServer(threaded=True) as server:
        model = ChatServer(server)
        with acme.changed("plan-posts", **model.environment), acme.changed("generate-posts", **model.environment):
            campaign_id = acme.start(postCount=4)
            acme.wait(campaign_id, "awaiting_approval")
    posts = acme.posts(campaign_id)
    assert {post["provenance"]["provider"] for post in posts} == {"openai"}
    assert {post["draft"] for post in posts} == {False}
    assert model.calls >= 5
