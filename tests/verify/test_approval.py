"""What reviewers say, through links like those they are mailed."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from local.client import until
from local.http import Http
from tests.support.driver import Author
from tests.verify.notebook import Notebook

pytestmark = pytest.mark.stack


def written(one: Author, campaign_id: str) -> dict[str, str]:
    return {post["postId"]: post["content"]["text"] for post in one.posts(campaign_id)}


def asked(one: Author, campaign_id: str, number: int) -> dict[str, Any]:
    """The request of that round, once reviewers are asked."""

    def pending() -> dict[str, Any] | None:
        requests = one.approvals(campaign_id)
        return next((r for r in requests if (r["round"], r["status"]) == (number, "PENDING")), None)

    return until(pending, f"nobody is asked in round {number}", 60 * one.patience)


def test_a_brief_becomes_an_approved_campaign(one: Author, seen: Notebook, timed: Any) -> None:
    with timed("POST to awaiting approval, 2 posts"):
        campaign_id = one.start(name="Approved")
        waiting = one.wait(campaign_id, "awaiting_approval")
    assert waiting["counts"] == {"total": 2, "planned": 0, "generating": 0, "completed": 2, "failed": 0, "dropped": 0}
    (reviewer,) = asked(one, campaign_id, 1)["reviewers"]
    assert reviewer["invitedAt"]
    assert "unreachable" not in reviewer  # the mail service took the mail
    link = one.link(campaign_id)
    page = Http().get(link)
    assert one.campaign(campaign_id)["status"] == "awaiting_approval"
    with timed("yes to approved"):
        one.answer(link, "approved", "Ship it", page)
        one.wait(campaign_id, "approved")
    assert one.execution(campaign_id)["status"] == "SUCCEEDED"
    progress = one.get(f"/campaigns/{campaign_id}/progress")
    assert (progress["progressPercentage"], progress["currentStep"], progress["remainingSteps"]) == (100, None, [])
    (request,) = one.approvals(campaign_id)
    assert (request["status"], request["decision"]) == ("DECIDED", "approved")
    again = Http().send("GET", link)
    assert again.status == 200
    assert "Approved" in again.text
    seen.reply("the page", page)
    seen.fact("the page's headers", sorted(page.headers))
    steps = [c["stepName"] for c in one.pages(f"/campaigns/{campaign_id}/checkpoints", "checkpoints")]
    seen.fact("checkpoints", steps)
    assert {"ValidateCampaign", "PlanPosts", "RequestApproval", "CompleteCampaign"} <= set(steps)


def test_a_no_is_a_result_and_not_a_failure(one: Author, seen: Notebook) -> None:
    campaign_id = one.start(name="Rejected")
    one.wait(campaign_id, "awaiting_approval")
    one.decide(campaign_id, "rejected", "Not like this")
    campaign = one.wait(campaign_id, "rejected")
    assert one.execution(campaign_id)["status"] == "SUCCEEDED"
    seen.fact("error", campaign.get("error"))


def test_sent_back_is_written_again_and_the_old_link_says_so(one: Author, seen: Notebook) -> None:
    campaign_id = one.start(name="Sent back")
    one.wait(campaign_id, "awaiting_approval")
    before, first = written(one, campaign_id), one.link(campaign_id)
    one.answer(first, "needs_revision", "Shorter, please")
    second = asked(one, campaign_id, 2)
    assert second["round"] == 2
    one.wait(campaign_id, "awaiting_approval")
    after = written(one, campaign_id)
    assert set(after) == set(before)
    assert after != before
    late = Http().send("GET", first)
    assert late.status == 410
    seen.reply("a link of the round before", late)
    one.decide(campaign_id, "approved")
    one.wait(campaign_id, "approved")
    seen.fact("rounds", [(r["round"], r["status"], r.get("decision")) for r in one.approvals(campaign_id)])


def test_links_that_do_not_hold(one: Author, seen: Notebook) -> None:
    campaign_id = one.start(name="Forged", postCount=1)
    one.wait(campaign_id, "awaiting_approval")
    link = one.link(campaign_id)
    nonce = parse_qs(urlsplit(link).query)["nonce"][0]
    forged = {
        "another signature": link.replace("&nonce=", "x&nonce="),
        "another nonce": link.replace(nonce, nonce[::-1]),
        "no nonce": link.partition("&nonce=")[0],
    }
    for what, wrong in forged.items():
        reply = Http().send("GET", wrong)
        assert reply.status == 401, what
        seen.reply(what, reply)
    callback_id = asked(one, campaign_id, 1)["callbackId"]
    body = {"decision": "approved", "callbackId": callback_id, "contentHash": "0" * 64}
    bearer = one.send("POST", f"/campaigns/{campaign_id}/approve", body)
    assert bearer.status == 401  # a manager's token answers for no reviewer
    seen.reply("a manager's token", bearer)
    place = f"/campaigns/{campaign_id}/approvals/{callback_id}"
    assert one.send("POST", f"{place}/revoke", {}).status == 200
    taken_back = Http().send("GET", link)
    assert taken_back.status == 410
    seen.reply("taken back", taken_back)


def test_a_program_answers_with_the_links_token(one: Author, seen: Notebook) -> None:
    campaign_id = one.start(name="By program", postCount=1)
    one.wait(campaign_id, "awaiting_approval")
    link = one.link(campaign_id)
    token = parse_qs(urlsplit(link).query)["token"][0]
    hidden = one.form(Http().get(link)).fields["contentHash"]
    body = {"decision": "approved", "comments": "Fine", "contentHash": hidden}
    body["callbackId"] = asked(one, campaign_id, 1)["callbackId"]
    reviewer, path = Http(token), one.url(f"/campaigns/{campaign_id}/approve")
    stale = reviewer.post(path, body | {"contentHash": "0" * 64}, expect=409)
    answer = reviewer.post(path, body, expect=200)
    one.wait(campaign_id, "approved")
    again = reviewer.post(path, body | {"decision": "rejected"}, expect=409)
    for what, reply in {"posts that changed": stale, "yes": answer, "no, too late": again}.items():
        seen.reply(what, reply)
