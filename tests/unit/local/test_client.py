"""The client of a running stack, against a server that answers like one."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from local.client import CampaignEndedError, Client, TooLateError, until
from local.http import Reply, StackError, UnexpectedReplyError
from local.reviewers import Inbox, is_throwaway, throwaway_tenants
from local.target import Target
from tests.support.api import World
from tests.support.page_server import link_to, served
from tests.support.waiting import waiting_campaign

PROBLEM = {
    "type": "urn:campaign-orchestration:problem:invalid-input",
    "title": "The request is not valid",
    "status": 422,
    "detail": "schedule.end: the end must be after the start",
    "errors": [{"field": "schedule.end", "message": "the end must be after the start"}],
}


class Signed(Target):
    """A stack whose tokens nobody verifies."""

    def token(self, tenant: str, role: str, **_: Any) -> str:
        return f"{role}-of-{tenant}"


@pytest.fixture
def client(httpserver: HTTPServer) -> Client:
    url = httpserver.url_for("").rstrip("/")
    return Client(Signed({"apiUrl": url, "inboxUrl": f"{url}/inbox"}), "acme")


def progress(server: HTTPServer, *statuses: str) -> None:
    """One answer for each, and the last again for ever."""
    answers: Iterator[str] = iter(statuses)
    last = statuses[-1]
    server.expect_request("/campaigns/c1/progress").respond_with_handler(
        lambda _: _json({"status": next(answers, last), "currentStep": "PlanPosts"})
    )


def _json(body: Any) -> Any:
    from werkzeug import Response

    return Response(json.dumps(body), content_type="application/json")


def test_a_refusal_is_raised_in_the_words_of_the_api(client: Client, httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/campaigns", method="POST").respond_with_json(PROBLEM, status=422)
    with pytest.raises(UnexpectedReplyError) as raised:
        client.submit({"name": "x"})
    assert "answered 422: The request is not valid" in str(raised.value)
    assert "schedule.end: the end must be after the start" in str(raised.value)
    assert raised.value.reply.status == 422


def test_waiting_answers_the_campaign_and_tells_how_far_it_is(client: Client, httpserver: HTTPServer) -> None:
    progress(httpserver, "planning", "generating", "awaiting_approval")
    httpserver.expect_request("/campaigns/c1").respond_with_json({"campaignId": "c1", "status": "awaiting_approval"})
    told: list[str] = []
    found = client.wait("c1", "awaiting_approval", tell=lambda p: told.append(p["status"]), every=0.01)
    assert found["campaignId"] == "c1"
    assert told == ["planning", "generating", "awaiting_approval"]


def test_a_campaign_that_ends_elsewhere_is_not_waited_for(client: Client, httpserver: HTTPServer) -> None:
    progress(httpserver, "planning", "failed")
    error = {"code": "INVALID_INPUT", "message": "there is no brand 'x'", "step": "ValidateCampaign"}
    campaign = {"campaignId": "c1", "status": "failed", "error": error}
    httpserver.expect_request("/campaigns/c1").respond_with_json(campaign)
    with pytest.raises(CampaignEndedError, match="c1 is failed: ValidateCampaign: INVALID_INPUT: there is no brand"):
        client.wait("c1", "awaiting_approval", every=0.01)
    assert client.wait("c1", "failed", every=0.01) == campaign


def test_waiting_ends_at_its_deadline(client: Client, httpserver: HTTPServer) -> None:
    progress(httpserver, "planning")
    with pytest.raises(TooLateError, match="is not approved after 0 s: it is planning at PlanPosts"):
        client.wait("c1", "approved", seconds=0.05, every=0.01)
    with pytest.raises(TooLateError, match="nothing came after 0 s"):
        until(lambda: None, "nothing came", 0.05, 0.01)


def test_a_list_is_read_to_its_end(client: Client, httpserver: HTTPServer) -> None:
    path = "/campaigns/c1/posts"
    httpserver.expect_request(path, query_string="limit=100").respond_with_json({"items": [1, 2], "nextCursor": "n"})
    second = {"items": [3], "nextCursor": None}
    httpserver.expect_request(path, query_string="limit=100&cursor=n").respond_with_json(second)
    assert list(client.pages(path)) == [1, 2, 3]


def test_the_newest_link_of_a_campaign_is_the_one_that_counts(httpserver: HTTPServer) -> None:
    def mail(campaign: str, sent: str, *links: str) -> dict[str, Any]:
        return {"tags": {"campaignId": campaign}, "sentAt": sent, "links": list(links), "to": ["rita@example.com"]}

    mails = [
        mail("c1", "2026-11-24T10:00:00Z", "https://api/approve/a?token=1"),
        mail("c1", "2026-11-24T10:02:00Z", "https://api/approve/a?token=2"),
        mail("c1", "2026-11-24T10:03:00Z", "https://example.com/unreachable"),
        mail("c2", "2026-11-24T10:04:00Z", "https://api/approve/b?token=3"),
    ]
    httpserver.expect_request("/inbox.json").respond_with_json({"items": mails})
    inbox = Inbox(httpserver.url_for("/inbox"))
    assert inbox.newest("c1") == "https://api/approve/a?token=2"
    assert inbox.newest("c3") is None
    assert [item["sentAt"] for item in inbox.mails()] == sorted((m["sentAt"] for m in mails), reverse=True)


def test_a_page_without_a_form_is_no_answer(client: Client) -> None:
    page = Reply("http://127.0.0.1/approve/a", 200, {}, b"<p>This was decided.</p>")
    with pytest.raises(StackError, match="has no form"):
        client.answer(page.url, "approved", page=page)


def test_only_tenants_of_a_run_are_thrown_away() -> None:
    assert all(map(is_throwaway, (*throwaway_tenants(), *throwaway_tenants("mine"))))
    assert not any(map(is_throwaway, ("acme", "verifying", "my-verify", "")))
    assert len({*throwaway_tenants(), *throwaway_tenants("mine")}) == 6


def test_an_approval_of_more_posts_than_were_opened_is_confirmed(client: Client) -> None:
    waiting = waiting_campaign(World(), posts=60)
    with served(waiting) as address:
        client.answer(link_to(address, waiting), "approved")
    (vote,) = waiting.stored().votes
    assert (vote.decision, vote.unopened) == ("approved", 10)
