"""What is said to Slack, byte for byte, and what its answers mean. A local server stands for it."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from lambdas.adapters.slack_chat import BUDGET_SECONDS, SlackChat
from lambdas.domain.errors import (
    CampaignError,
    ChatRefusedError,
    DependencyTimeoutError,
    DependencyUnavailableError,
    ThrottledError,
)
from lambdas.domain.ids import TenantId

ACME = TenantId("acme")
TOKEN = "xoxb-canary-token-of-the-bot"
LINK = ("https://api.example/approve/01?token=a&nonce=b", "Read <them>")
FOUND = {"ok": True, "user": {"id": "U42"}}


class Slept:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


@pytest.fixture
def slept() -> Slept:
    return Slept()


@pytest.fixture
def secrets() -> Iterator[Stubber]:
    client = boto3.client("secretsmanager", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
        yield stub


def chat(secrets: Any, url: str, slept: Slept, token: str = TOKEN) -> SlackChat:
    answer = {"SecretString": token, "Name": "n", "ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:n"}
    secrets.add_response("get_secret_value", answer, {"SecretId": "campaign/slack/acme"})
    return SlackChat(secrets.client, "campaign/slack/", url, sleep=slept.sleep, clock=slept.clock)


def test_a_person_is_looked_up_and_told(secrets: Any, httpserver: HTTPServer, slept: Slept) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    httpserver.expect_ordered_request(
        "/users.lookupByEmail", "GET", query_string={"email": "ada+x@example.com"}, headers=bearer
    ).respond_with_json(FOUND)
    httpserver.expect_ordered_request(
        "/chat.postMessage",
        "POST",
        headers=bearer | {"Content-Type": "application/json; charset=utf-8"},
        json={
            "channel": "U42",
            "text": "Größe &lt;b&gt; &amp; more\n"
            "<https://api.example/approve/01?token=a&amp;nonce=b|Read &lt;them&gt;>",
            "unfurl_links": False,
            "unfurl_media": False,
        },
    ).respond_with_json({"ok": True, "channel": "D1", "ts": "1.2"})
    chat(secrets, httpserver.url_for(""), slept).tell(ACME, "ada+x@example.com", "Größe <b> & more", LINK)
    httpserver.check()
    assert len(httpserver.log) == 2


def test_a_channel_is_told_without_a_look_up(secrets: Any, httpserver: HTTPServer, slept: Slept) -> None:
    httpserver.expect_request("/chat.postMessage", "POST").respond_with_json({"ok": True})
    chat(secrets, httpserver.url_for(""), slept).announce(ACME, "C0123456789", "It waits.")
    ((request, _),) = httpserver.log
    assert json.loads(request.data)["channel"] == "C0123456789"


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (200, {"ok": False, "error": "users_not_found"}, ChatRefusedError),
        (200, {"ok": False, "error": "invalid_auth"}, ChatRefusedError),
        (200, {"ok": False, "error": "missing_scope"}, ChatRefusedError),
        (200, {"ok": False, "error": "token_revoked"}, ChatRefusedError),
        (200, {"ok": False}, ChatRefusedError),
        (200, {"ok": False, "error": "internal_error"}, DependencyUnavailableError),
        (200, {"ok": False, "error": "service_unavailable"}, DependencyUnavailableError),
        (200, {"ok": False, "error": "ratelimited"}, ThrottledError),
        (200, {"ok": True}, DependencyUnavailableError),
        (200, ["ok"], DependencyUnavailableError),
        (503, {"ok": True}, DependencyUnavailableError),
    ],
)
def test_an_answer_that_is_no_is_an_error_of_ours(
    status: int, answer: Any, error: type[CampaignError], secrets: Any, httpserver: HTTPServer, slept: Slept
) -> None:
    httpserver.expect_request("/users.lookupByEmail").respond_with_json(answer, status=status)
    with pytest.raises(error) as raised:
        chat(secrets, httpserver.url_for(""), slept).tell(ACME, "ada@example.com", "x", LINK)
    assert type(raised.value) is error
    for secret in (TOKEN, "ada@example.com", "nonce=b"):
        assert secret not in raised.value.message


def test_what_is_not_json_is_an_outage(secrets: Any, httpserver: HTTPServer, slept: Slept) -> None:
    httpserver.expect_request("/users.lookupByEmail").respond_with_data("<html>", status=200)
    with pytest.raises(DependencyUnavailableError):
        chat(secrets, httpserver.url_for(""), slept).tell(ACME, "ada@example.com", "x", LINK)


def test_a_limit_is_waited_for_as_long_as_slack_says(secrets: Any, httpserver: HTTPServer, slept: Slept) -> None:
    answers = [Response(status=429, headers={"Retry-After": "3"}), Response(json.dumps(FOUND), mimetype="text/json")]
    httpserver.expect_request("/users.lookupByEmail").respond_with_handler(lambda _: answers.pop(0))
    httpserver.expect_request("/chat.postMessage").respond_with_json({"ok": True})
    chat(secrets, httpserver.url_for(""), slept).tell(ACME, "ada@example.com", "x", LINK)
    assert slept.pauses == [3.0]


@pytest.mark.parametrize("wait", ["30", "x", ""])
def test_a_limit_that_lasts_is_an_error(wait: str, secrets: Any, httpserver: HTTPServer, slept: Slept) -> None:
    httpserver.expect_request("/users.lookupByEmail").respond_with_data("", 429, headers={"Retry-After": wait})
    with pytest.raises(ThrottledError):
        chat(secrets, httpserver.url_for(""), slept).tell(ACME, "ada@example.com", "x", LINK)
    assert sum(slept.pauses) <= BUDGET_SECONDS
    assert len(httpserver.log) <= 3


def test_all_messages_together_have_one_budget(secrets: Any, httpserver: HTTPServer, slept: Slept) -> None:
    def slow(_: Request) -> Response:
        slept.now += BUDGET_SECONDS
        return Response(json.dumps(FOUND), mimetype="text/json")

    httpserver.expect_request("/users.lookupByEmail").respond_with_handler(slow)
    talk = chat(secrets, httpserver.url_for(""), slept)
    with pytest.raises(DependencyTimeoutError):
        talk.tell(ACME, "ada@example.com", "x", LINK)
    assert len(httpserver.log) == 1  # nothing was posted any more


def test_nobody_there_is_an_outage_without_a_word_of_the_request(secrets: Any, slept: Slept) -> None:
    with pytest.raises(DependencyUnavailableError) as raised:
        chat(secrets, "http://127.0.0.1:9", slept).tell(ACME, "ada@example.com", "x", LINK)
    assert "ada" not in raised.value.message


@pytest.mark.parametrize("refusal", ["ResourceNotFoundException", None])
def test_without_a_token_it_says_so(refusal: str | None, slept: Slept, secrets: Any) -> None:
    talk = SlackChat(secrets.client, "campaign/slack/", "http://127.0.0.1:9")
    if refusal:
        secrets.add_client_error("get_secret_value", refusal)
    else:
        talk = chat(secrets, "http://127.0.0.1:9", slept, token=" ")
    with pytest.raises(ChatRefusedError, match="no bot token is stored"):
        talk.announce(ACME, "C0123456789", "x")


@pytest.mark.parametrize("code", ["AccessDeniedException", "DecryptionFailure"])
def test_a_token_that_may_not_be_read_is_another_matter(code: str, secrets: Any) -> None:
    """Of the secret, or of the key that encrypts it."""
    secrets.add_client_error("get_secret_value", code)
    with pytest.raises(ChatRefusedError, match="may not be read"):
        SlackChat(secrets.client, "campaign/slack/", "http://127.0.0.1:9").announce(ACME, "C0123456789", "x")


def test_the_token_is_in_no_log(
    secrets: Any, httpserver: HTTPServer, slept: Slept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    httpserver.expect_request("/users.lookupByEmail").respond_with_json({"ok": False, "error": "invalid_auth"})
    with pytest.raises(ChatRefusedError):
        chat(secrets, httpserver.url_for(""), slept).tell(ACME, "ada@example.com", "x", LINK)
    assert "lookupByEmail" in caplog.text  # it does log at this level
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("botocore")]
    assert not [line for line in ours if TOKEN in line]
