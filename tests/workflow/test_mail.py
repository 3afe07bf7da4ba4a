"""Mail and chat on the local stack: senders, bounces, Slack."""

import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from ulid import ULID

from local.client import until
from local.http import Http
from tests.support.driver import Driver

pytestmark = pytest.mark.stack

REFUSED = "ria@example.com"
SLACK_TOKEN = "xoxb-canary-of-the-stack"


def reviewers(driver: Driver, campaign_id: str) -> list[dict[str, Any]]:
    (request,) = driver.get(f"/campaigns/{campaign_id}/approvals")["items"]
    found: list[dict[str, Any]] = request["reviewers"]
    return found


def slack_of(driver: Driver, campaign_id: str) -> list[str] | None:
    """What is noted of each reviewer, once it is."""
    said = [str(reviewer.get("slack")) for reviewer in reviewers(driver, campaign_id)]
    return None if {"None", "not configured", "claimed"} & set(said) else said


def mails_of(driver: Driver, campaign_id: str) -> list[dict[str, Any]]:
    return [mail for mail in driver.mails() if mail["tags"].get("campaignId") == campaign_id]


@pytest.mark.parametrize(
    ("mailbox", "reason"), [("bounce", "Permanent bounce"), ("complaint", "marked the mail as spam")]
)
def test_a_reviewer_whom_mail_does_not_reach_is_known_and_the_manager_told(
    acme: Driver, mailbox: str, reason: str
) -> None:
    lost = f"{mailbox}+rita@simulator.amazonses.com"
    campaign_id = acme.start(postCount=1, approval={"reviewers": ["rita@example.com", lost], "quorum": "all"})
    acme.wait(campaign_id, "awaiting_approval")
    rita, nobody = until(
        lambda: r if (r := reviewers(acme, campaign_id))[1].get("unreachable") else None, "the bounce was not noted"
    )
    assert reason in nobody["unreachable"]
    assert "unreachable" not in rita
    link = next(mail["links"][0] for mail in mails_of(acme, campaign_id) if mail["to"] == ["rita@example.com"])
    assert "could not be reached by mail" in Http().get(link).text

    acme.tend()
    acme.tend()
    told = [mail for mail in mails_of(acme, campaign_id) if mail["tags"]["kind"] == "unreachable"]
    assert [mail["to"] for mail in told] == [["manager@acme.example"]]
    assert lost in told[0]["text"]

    place = f"/campaigns/{campaign_id}/approvals/{told[0]['tags']['callbackId']}"
    reply = acme.send("POST", f"{place}/reassign", {"from": lost, "to": "ruth@example.com"})
    assert reply.status == 200, reply.text
    acme.tend()
    assert [r["email"] for r in reviewers(acme, campaign_id) if r.get("unreachable")] == []


def test_the_same_report_twice_tells_nobody_twice_and_a_broken_one_is_kept(acme: Driver) -> None:
    functions, marker = acme.stack.client("lambda"), f"broken-{ULID()}"
    broken = {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": json.dumps({"eventType": marker})}}]}
    functions.invoke(FunctionName="mail-events", InvocationType="Event", Payload=json.dumps(broken).encode())

    lost = "bounce+twice@simulator.amazonses.com"
    campaign_id = acme.start(postCount=1, approval={"reviewers": ["rita@example.com", lost], "quorum": "all"})
    acme.wait(campaign_id, "awaiting_approval")
    until(lambda: reviewers(acme, campaign_id)[1].get("unreachable"), "the bounce was not noted")
    (item,) = acme.items(campaign_id, "APPROVAL#")
    tags = {name: [item[name]] for name in ("tenantId", "campaignId", "callbackId")} | {"kind": ["approval"]}
    again = {
        "eventType": "Complaint",
        "mail": {"timestamp": item["createdAt"], "tags": tags, "destination": [lost]},
        "complaint": {"complainedRecipients": [{"emailAddress": lost}]},
    }
    reply = functions.invoke(
        FunctionName="mail-events", Payload=json.dumps({"Records": [{"Sns": {"Message": json.dumps(again)}}]}).encode()
    )
    assert json.loads(reply["Payload"].read()) == {"outcomes": ["known already"]}
    (unchanged,) = acme.items(campaign_id, "APPROVAL#")
    assert unchanged["reviewers"] == item["reviewers"]

    sqs = acme.stack.client("sqs")
    queue = next(url for url in sqs.list_queues()["QueueUrls"] if "MailEventsDeadLetters" in url)

    def letters() -> list[str]:
        got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        return [message["Body"] for message in got if marker in message["Body"]]

    (letter,) = until(letters, "the broken report is in no queue")
    assert json.loads(letter)["responsePayload"]["errorType"] == "InvalidInputError"


def test_each_tenant_mails_as_itself(acme: Driver, globex: Driver) -> None:
    own = acme.get("/settings")["sender"]
    assert own == {"address": "campaigns@acme.example", "name": "Acme Campaigns", "replyTo": "marketing@acme.example"}
    # With what globex comes with: the tests' own brand is to stay unknown there.
    voices: dict[str, dict[str, Any]] = {"acme": {}, "globex": {"brandId": "globex-coffee", "personaIds": ["tomas"]}}
    senders = {}
    for driver in (acme, globex):
        campaign_id = driver.start(postCount=1, **voices[driver.tenant])
        driver.wait(campaign_id, "awaiting_approval")
        (mail,) = mails_of(driver, campaign_id)
        senders[driver.tenant] = (mail["from"], mail["replyTo"])
        assert set(mail["tags"]) == {"tenantId", "campaignId", "callbackId", "kind"}
        assert "<style" not in mail["html"]
        assert 'style="' in mail["html"]
    assert senders == {
        "acme": ("Northwind <campaigns@acme.example>", ["marketing@acme.example"]),
        "globex": ("Globex Coffee <campaigns@example.com>", []),
    }
    stolen = globex.send("PUT", "/settings", {"sender": own})
    assert stolen.status == 422
    assert [error["field"] for error in stolen.json()["errors"]] == ["sender.address"]
    assert acme.send("PUT", "/settings", acme_settings(acme)).status == 200


def acme_settings(acme: Driver, **changes: Any) -> dict[str, Any]:
    stored = acme.get("/settings")
    return {name: value for name, value in stored.items() if name != "version"} | changes


def test_reviewers_get_their_own_link_in_slack(acme: Driver, httpserver: HTTPServer) -> None:
    people = {"rita@example.com": "U1", "ruth@example.com": "U2"}
    for email, person in people.items():
        found = {"ok": True, "user": {"id": person}}
        httpserver.expect_request("/users.lookupByEmail", query_string={"email": email}).respond_with_json(found)
    unknown = {"ok": False, "error": "users_not_found"}
    httpserver.expect_request("/users.lookupByEmail", query_string={"email": REFUSED}).respond_with_json(unknown)
    httpserver.expect_request("/chat.postMessage", method="POST").respond_with_json({"ok": True})
    secrets, name = acme.stack.client("secretsmanager"), "campaign/slack/acme"
    before = acme_settings(acme)
    everybody = [*people, REFUSED]
    secrets.create_secret(Name=name, SecretString=SLACK_TOKEN)
    try:
        assert acme.send("PUT", "/settings", before | {"slack": {"channel": "C0123456789"}}).status == 200
        with acme.changed("request-approval", SLACK_API_URL=httpserver.url_for("").rstrip("/")):
            campaign_id = acme.start(postCount=1, approval={"reviewers": everybody})
            acme.wait(campaign_id, "awaiting_approval")
            said = until(lambda: slack_of(acme, campaign_id), "what became of Slack was not noted")
    finally:
        acme.send("PUT", "/settings", before)
        secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert said == ["sent", "sent", "failed: Slack answered users_not_found"]
    posted = {
        json.loads(request.data)["channel"]: json.loads(request.data)["text"]
        for request, _ in httpserver.log
        if request.path == "/chat.postMessage"
    }
    mailed = {mail["to"][0]: mail["links"][0] for mail in mails_of(acme, campaign_id)}
    assert set(mailed) == set(everybody)  # whom Slack does not know has the mail
    assert set(posted) == {"U1", "U2", "C0123456789"}
    for email, person in people.items():
        assert mailed[email].replace("&", "&amp;") in posted[person]
    assert "/approve/" not in posted["C0123456789"]
    assert {request.headers["Authorization"] for request, _ in httpserver.log} == {f"Bearer {SLACK_TOKEN}"}
    assert SLACK_TOKEN not in acme.logged()
    acme.decide(campaign_id, "approved")
    acme.wait(campaign_id, "approved")


def test_slack_that_is_down_costs_nobody_the_mail(acme: Driver) -> None:
    secrets, name = acme.stack.client("secretsmanager"), "campaign/slack/acme"
    before = acme_settings(acme)
    secrets.create_secret(Name=name, SecretString=SLACK_TOKEN)
    try:
        assert acme.send("PUT", "/settings", before | {"slack": {}}).status == 200
        with acme.changed("request-approval", SLACK_API_URL="http://127.0.0.1:9"):
            campaign_id = acme.start(postCount=1)
            acme.wait(campaign_id, "awaiting_approval")
            acme.link(campaign_id)
            (said,) = until(lambda: slack_of(acme, campaign_id), "what became of Slack was not noted")
    finally:
        acme.send("PUT", "/settings", before)
        secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert said == "failed: Slack could not be reached"
    acme.decide(campaign_id, "approved")
    acme.wait(campaign_id, "approved")
