"""Approval on the local stack: what leaks nowhere, what no crash loses, what is not answered in time."""

import base64
import json
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from local.aws import events
from local.http import Http, Reply, forms
from tests.support.driver import Driver
from tests.support.workers import kill_workers

pytestmark = pytest.mark.stack

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def opened(acme: Driver, item: dict[str, Any]) -> str:
    """The task token of a request, as its functions see it and nobody else."""
    answer = acme.stack.client("kms").decrypt(
        CiphertextBlob=base64.b64decode(item["taskToken"].removeprefix("kms:")),
        EncryptionContext={name: item[name] for name in ("tenantId", "campaignId", "callbackId")},
    )
    return str(answer["Plaintext"].decode())


def test_no_secret_and_no_address_is_anywhere_but_where_it_belongs(acme: Driver) -> None:
    """The canary: a whole life with a revision, a forgery and a wrong answer, and then everything is searched."""
    canary = "canary-reviewer@birdcage.example"
    campaign_id = acme.start(postCount=2, approval={"reviewers": [canary]})
    acme.wait(campaign_id, "awaiting_approval")
    link = acme.link(campaign_id)
    secrets = {canary}
    query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    secrets |= {query["token"], query["nonce"], query["token"].rsplit(".", 1)[-1]}
    Http().send("GET", link.replace("token=", "token=x"))
    Http().send("POST", link, b"decision=perhaps", {"Content-Type": "application/x-www-form-urlencoded"})
    acme.decide(campaign_id, "needs_revision", "Shorter")
    second = acme.newer_link(campaign_id, link)
    secrets.add(parse_qs(urlsplit(second).query)["token"][0])
    acme.wait(campaign_id, "awaiting_approval")
    acme.decide(campaign_id, "approved")
    acme.wait(campaign_id, "approved")
    acme.tend()

    states = acme.stack.client("stepfunctions")
    history = states.get_execution_history(executionArn=acme.execution_arn(campaign_id), maxResults=1_000)["events"]
    tokens = {opened(acme, item) for item in acme.items(campaign_id, "APPROVAL#")}
    assert len(tokens) == 2

    logs = acme.logged()
    assert campaign_id in logs  # we look in the right place
    stored = json.dumps([acme.items(campaign_id, kind) for kind in ("CHECKPOINT#", "POST#", "BATCH#")], default=str)
    approvals = json.dumps(acme.items(campaign_id, "APPROVAL#"), default=str)
    inputs = "\n".join(text for _, text in acme.state_inputs(campaign_id))
    outputs = states.describe_execution(executionArn=acme.execution_arn(campaign_id)).get("output", "")
    # The progress names reviewers, to the campaign's own tenant alone.
    progress, posts = (json.dumps(acme.get(f"/campaigns/{campaign_id}/{part}")) for part in ("progress", "posts"))
    shown = posts + progress.replace(canary, "")
    for secret in secrets:
        for place, text in {
            "logs": logs,
            "stored": stored,
            "inputs": inputs,
            "output": outputs,
            "history": json.dumps(history, default=str),
            "api": shown,
        }.items():
            assert secret not in text, place
    for token in tokens:
        for place, text in {"logs": logs, "stored": stored, "approvals": approvals, "api": shown}.items():
            assert token not in text, place
    assert all(item["taskToken"].startswith("kms:") for item in acme.items(campaign_id, "APPROVAL#"))


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the workers in /proc")
def test_a_decision_whose_sender_was_killed_reaches_the_workflow_once(acme: Driver, httpserver: HTTPServer) -> None:
    """The API's process is killed at the moment between the decision in the table and the word to the workflow.

    Its SendTaskSuccess comes to a server of ours, which kills the process that is waiting for the answer.
    """
    killed: list[int] = []

    def kill(request: Request) -> Response:
        assert request.headers["X-Amz-Target"] == "AWSStepFunctions.SendTaskSuccess"
        killed.extend(kill_workers(acme.stack.home, "api"))
        return Response(status=500)

    httpserver.expect_request("/").respond_with_handler(kill)
    campaign_id = acme.start(postCount=1)
    acme.wait(campaign_id, "awaiting_approval")
    link = acme.link(campaign_id)
    form = next(form for form in forms(Http().get(link).text) if form.method == "post").filled(decision="approved")
    with acme.changed("api", AWS_ENDPOINT_URL_SFN=httpserver.url_for("").rstrip("/")):
        reply = Http().send("POST", link, urlencode(form).encode(), FORM)
    assert killed
    assert reply.status >= 500
    (decided,) = acme.items(campaign_id, "APPROVAL#")
    assert (decided["status"], decided["decision"]["decision"]) == ("DECIDED", "approved")
    assert "resumedAt" not in decided
    assert acme.get(f"/campaigns/{campaign_id}")["status"] == "awaiting_approval"

    deadline = time.monotonic() + 90  # the sweep gives whoever decided some seconds to say so themselves
    while acme.get(f"/campaigns/{campaign_id}")["status"] != "approved":
        assert time.monotonic() < deadline, "the workflow never heard of the decision"
        acme.tend()
        time.sleep(0.5)
    (resumed,) = acme.items(campaign_id, "APPROVAL#")
    assert resumed["decision"] == decided["decision"]
    acme.tend()
    assert acme.items(campaign_id, "APPROVAL#") == [resumed]
    assert acme.execution(campaign_id)["status"] == "SUCCEEDED"
    history = events(acme.stack.client("stepfunctions"), acme.execution_arn(campaign_id))
    left = [event["stateExitedEventDetails"]["name"] for event in history if "stateExitedEventDetails" in event]
    assert [left.count(state) for state in ("RequestApproval", "CompleteCampaign")] == [1, 1]


def let_expire(acme: Driver, campaign_id: str) -> None:
    """Nobody has decided, and the time is up."""
    (item,) = acme.items(campaign_id, "APPROVAL#")
    acme.stack.client("dynamodb").update_item(
        TableName=acme.stack.info["table"],
        Key={"PK": {"S": item["PK"]}, "SK": {"S": item["SK"]}},
        UpdateExpression="SET expiresAt = :past",
        ExpressionAttributeValues={":past": {"S": "2026-01-01T00:00:00.000Z"}},
    )
    acme.tend()
    acme.wait(campaign_id, "expired")


def test_silence_lets_the_campaign_expire(acme: Driver) -> None:
    campaign_id = acme.start(postCount=1)
    acme.wait(campaign_id, "awaiting_approval")
    link = acme.link(campaign_id)
    let_expire(acme, campaign_id)
    assert Http().send("GET", link).status == 200  # what was decided, and that nobody did
    assert "Nobody decided in time" in Http().send("GET", link).text


def test_without_revisions_left_sending_back_is_a_no_with_a_reason(acme: Driver) -> None:
    campaign_id = acme.start(postCount=1, approval={"reviewers": ["ada@example.com"], "maxRevisions": 0})
    acme.wait(campaign_id, "awaiting_approval")
    page = Http().get(acme.link(campaign_id))
    assert 'value="needs_revision"' not in page.text
    form = next(form for form in forms(page.text) if form.method == "post").filled() | {"decision": "needs_revision"}
    reply = Http().send("POST", page.url, urlencode(form).encode(), FORM)
    assert reply.status == 200
    ended = acme.wait(campaign_id, "rejected")
    assert "revisions" in ended["error"]["message"]


def links_in(acme: Driver, callback_id: str) -> list[str]:
    return [link for mail in acme.mails() for link in mail["links"] if f"/approve/{callback_id}?" in link]


def test_fifty_decisions_at_once_leave_one_and_everybody_is_told_whose(acme: Driver) -> None:
    """Through the gateway, by all reviewers at once, in several processes of the API."""
    reviewers = [f"reviewer{number}@example.com" for number in range(5)]
    campaign_id = acme.start(postCount=1, approval={"reviewers": reviewers})
    acme.wait(campaign_id, "awaiting_approval")
    callback_id = acme.get(f"/campaigns/{campaign_id}/approvals")["items"][0]["callbackId"]
    deadline = time.monotonic() + 30
    while len(links := links_in(acme, callback_id)) < len(reviewers):
        assert time.monotonic() < deadline, "not everybody was mailed"
        time.sleep(0.1)
    shown = next(form for form in forms(Http().get(links[0]).text) if form.method == "post").fields
    decisions = ["approved", "rejected", "needs_revision"]
    tries = [(links[n % 5], shown | {"decision": decisions[n % 3], "comments": f"comment {n}"}) for n in range(50)]

    def send(attempt: tuple[str, dict[str, str]]) -> Reply:
        link, form = attempt
        return Http().send("POST", link, urlencode(form).encode(), FORM)

    with ThreadPoolExecutor(50) as threads:
        replies = list(threads.map(send, tries))
    assert Counter(reply.status for reply in replies) == {200: 1, 409: 49}
    (item,) = acme.items(campaign_id, "APPROVAL#")
    won = next(n for n, reply in enumerate(replies) if reply.status == 200)
    assert (item["decision"]["decision"], item["decision"]["comments"]) == (decisions[won % 3], f"comment {won}")
    assert len(item["votes"]) == 1
    # What was said lies beside the request, and of those who were too late nothing is left.
    assert [words["comments"] for words in acme.items(campaign_id, "VOTE#")] == [f"comment {won}"]
    said = Counter(re.findall(r"<dt>Decided by</dt><dd>(.*?)</dd>", "".join(reply.text for reply in replies)))
    assert sum(said.values()) == 50
    assert said["you"] == 10  # all of the winner's own tries
    assert len(said) == 2
