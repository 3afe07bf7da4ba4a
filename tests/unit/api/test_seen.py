"""Who said what about a campaign, as those who run it see it."""

from datetime import timedelta
from typing import Any

import pytest

from lambdas.api.rest import approval_views as views
from lambdas.domain.models.approval import MailState
from lambdas.domain.models.base import iso
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.mail import Kind, News
from tests.support.waiting import Waiting

ADA, GRACE = "ada@example.com", "grace@example.com"
COMMENTS = {"verdict-1": "change", "comment-1": "Shorter, please", "verdict-3": "reject", "comment-3": "Not this"}


def one_approval_is_enough(waiting: Waiting) -> None:
    """And so one answer against it leaves it open."""
    changed = waiting.approval.model_copy(update={"quorum": 1})
    waiting.approval = waiting.world.approvals.amend(changed)


def request(waiting: Waiting, **call: Any) -> dict[str, Any]:
    reply = waiting.world.call("GET", f"/campaigns/{waiting.key.campaign_id}/approvals", **call)
    (item,) = reply.json["items"]
    return dict(item)


def of(item: dict[str, Any], email: str) -> dict[str, Any]:
    (reviewer,) = [reviewer for reviewer in item["reviewers"] if reviewer["email"] == email]
    return dict(reviewer)


def test_what_each_reviewer_said_is_there_with_their_name_and_the_time(waiting: Waiting) -> None:
    one_approval_is_enough(waiting)
    first = waiting.world.clock.now()
    waiting.send({"decision": "needs_revision", "comments": "Warmer", **COMMENTS})
    waiting.world.clock.advance(timedelta(minutes=5))
    item = request(waiting, role="viewer")
    assert "decision" not in item
    posts = waiting.world.posts.page(waiting.key, 10).items
    ada = of(item, ADA)
    assert (ada["answer"], ada["answeredAt"], ada["comments"]) == ("needs_revision", iso(first), "Warmer")
    assert ada["posts"] == [
        {"postId": posts[0].post_id, "verdict": "change", "comment": "Shorter, please"},
        {"postId": posts[2].post_id, "verdict": "reject", "comment": "Not this"},
    ]
    assert (ada["wordsLeftOut"], ada["outdated"]) == (False, False)
    assert not {"answer", "answeredAt", "comments"} & set(of(item, GRACE))

    waiting.send({"decision": "rejected", "comments": "No"}, reviewer=GRACE)
    item = request(waiting)
    assert (item["decision"], item["decidedBy"]) == ("needs_revision", GRACE)
    assert item["decidedAt"] == iso(first + timedelta(minutes=5))
    assert [of(item, email)["comments"] for email in (ADA, GRACE)] == ["Warmer", "No"]


def test_the_progress_has_the_newest_request_with_the_same(waiting: Waiting) -> None:
    waiting.send({"decision": "needs_revision", "comments": "Warmer", **COMMENTS})
    progress = waiting.world.call("GET", f"/campaigns/{waiting.key.campaign_id}/progress").json
    assert progress["approval"] == request(waiting)
    assert of(progress["approval"], ADA)["comments"] == "Warmer"


def test_before_anybody_was_asked_the_progress_says_so(world: Any, make_brief: Any) -> None:
    started = world.call("POST", "/campaigns", make_brief()).json
    progress = world.call("GET", f"/campaigns/{started['campaignId']}/progress").json
    assert progress["approval"] is None


def test_comments_from_before_an_edit_are_still_seen(waiting: Waiting) -> None:
    one_approval_is_enough(waiting)
    waiting.send({"decision": "needs_revision", "comments": "Warmer", **COMMENTS})
    post = waiting.world.posts.page(waiting.key, 10).items[0]
    edited = waiting.world.call(
        "PATCH", f"/campaigns/{waiting.key.campaign_id}/posts/{post.post_id}", {"text": "Other words."}
    )
    assert edited.status == 200
    ada = of(request(waiting), ADA)
    assert (ada["outdated"], ada["comments"], len(ada["posts"])) == (True, "Warmer", 2)


def test_more_than_an_answer_holds_is_left_out_and_said_so(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "WORDS_BYTES", 100)
    waiting.send({"decision": "needs_revision", "comments": "Warmer", **COMMENTS})
    ada = of(request(waiting), ADA)
    assert (ada["wordsLeftOut"], len(ada["posts"]), ada["comments"]) == (True, 1, "Warmer")


@pytest.mark.parametrize(("reviewers", "revoked"), [([ADA], False), ([ADA, GRACE], True)])
def test_links_that_were_taken_back_show_as_such(waiting: Waiting, reviewers: list[str], revoked: bool) -> None:
    path = f"/campaigns/{waiting.key.campaign_id}/approvals/{waiting.approval.callback_id}/revoke"
    for email in reviewers:
        assert waiting.world.call("POST", path, {"reviewer": email}).status == 200
    item = request(waiting)
    assert item["revoked"] is revoked
    assert [email for email in (ADA, GRACE) if of(item, email)["revoked"]] == reviewers


def test_why_a_request_is_closed(waiting: Waiting) -> None:
    waiting.world.approvals.close(waiting.key, waiting.approval.callback_id)
    assert (request(waiting)["status"], request(waiting)["closedBecause"]) == ("CLOSED", "ended")


def test_who_was_mailed_the_decision(waiting: Waiting) -> None:
    news = News(
        about=waiting.approval.callback_id,
        number=0,
        kind=Kind.DECIDED,
        to="robin@example.com",
        at=waiting.world.clock.now(),
        mail=MailState.SENT,
    )
    waiting.world.news.note(waiting.key, news)
    waiting.world.news.note(waiting.key, news.model_copy(update={"about": "failed-1", "number": 1}))
    assert request(waiting)["told"] == [{"to": "robin@example.com", "at": iso(news.at), "mail": "sent"}]


def test_nothing_that_opens_a_link_is_among_it(waiting: Waiting) -> None:
    waiting.send({"decision": "approved", "comments": "Fine"})
    text = waiting.world.call("GET", f"/campaigns/{waiting.key.campaign_id}/approvals").text
    progress = waiting.world.call("GET", f"/campaigns/{waiting.key.campaign_id}/progress").text
    for secret in (waiting.approval.task_token, waiting.query()["nonce"], waiting.approval.reviewers[0].nonce_hash):
        assert secret not in text + progress
    assert waiting.world.campaigns.get(waiting.key).status is CampaignStatus.AWAITING_APPROVAL
