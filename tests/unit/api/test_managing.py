"""What managers may do with an open request, how answers of several reviewers count, and editing by hand."""

import pytest

from lambdas.domain.content_hash import require_approved_content
from lambdas.domain.errors import ContentChangedError
from lambdas.domain.models.approval import ApprovalStatus, Reviewer
from lambdas.domain.models.campaign import CampaignStatus, Quorum
from lambdas.ports.paging import every


def call(waiting, what, body, **more):
    path = f"/campaigns/{waiting.key.campaign_id}/approvals/{waiting.approval.callback_id}/{what}"
    return waiting.world.call("POST", path, body, **more)


def patch(waiting, index=0, **body):
    post = waiting.world.posts.page(waiting.key, 10).items[index]
    return waiting.world.call("PATCH", f"/campaigns/{waiting.key.campaign_id}/posts/{post.post_id}", body)


def test_requests_are_listed_without_what_opens_them(waiting):
    reply = waiting.world.call("GET", f"/campaigns/{waiting.key.campaign_id}/approvals")
    (item,) = reply.json["items"]
    assert (item["status"], item["round"], item["quorum"]) == ("PENDING", 1, "one")
    assert [reviewer["email"] for reviewer in item["reviewers"]] == ["ada@example.com", "grace@example.com"]
    for secret in (waiting.approval.task_token, waiting.approval.reviewers[0].nonce_hash):
        assert secret not in reply.text


def test_a_link_that_was_taken_back_says_so_and_the_others_go_on(waiting):
    assert call(waiting, "revoke", {"reviewer": "ada@example.com"}).status == 200
    assert waiting.open().status == 410
    assert "taken back" in waiting.open().text
    assert waiting.send({"decision": "approved"}).status == 410
    assert waiting.send({"decision": "approved"}, reviewer="grace@example.com").status == 200


def test_somebody_else_is_asked_in_a_reviewers_place(waiting):
    reply = call(waiting, "reassign", {"from": "ada@example.com", "to": "joan@example.com"})
    assert [r["email"] for r in reply.json["reviewers"]] == ["joan@example.com", "grace@example.com"]
    assert waiting.open().status == 410
    assert waiting.stored().reviewers[0].invited_at is None  # a link is mailed within the minute


@pytest.mark.parametrize("body", [{}, None])
def test_a_reminder_leaves_the_links_that_are_out(waiting, body):
    assert call(waiting, "reminders", body).status == 200
    assert all(r.to_mail() for r in waiting.stored().reviewers)
    assert waiting.open().status == 200


@pytest.mark.parametrize(
    ("what", "body", "status"),
    [
        ("revoke", {"reviewer": "nobody@example.com"}, 422),
        ("reassign", {"from": "ada@example.com", "to": "grace@example.com"}, 422),
        ("reassign", {"from": "ada@example.com"}, 422),
        ("reminders", {"reviewer": "not an address"}, 422),
    ],
)
def test_a_wish_that_makes_no_sense_changes_nothing(waiting, what, body, status):
    assert call(waiting, what, body).status == status
    assert waiting.stored() == waiting.approval


@pytest.mark.parametrize(
    ("what", "body", "field", "message"),
    [
        ("revoke", {"reviewer": "nobody@example.com"}, "reviewer", "is no reviewer of this request"),
        ("reminders", {"reviewer": "grace@example.com"}, "reviewer", "has answered already"),
        ("reassign", {"from": "grace@example.com", "to": "joan@example.com"}, "from", "has answered already"),
        ("reassign", {"from": "ada@example.com", "to": "grace@example.com"}, "to", "is a reviewer already"),
    ],
)
def test_a_refusal_names_the_field_and_says_why(waiting, what, body, field, message):
    quorum(waiting, Quorum.ALL)
    waiting.send({"decision": "approved"}, reviewer="grace@example.com")
    assert call(waiting, what, body).json["errors"] == [{"field": field, "message": message}]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"hashtags": ["no hash"]}, ["hashtags"]),
        ({"text": "Fine.", "hashtags": ["no hash"]}, ["hashtags"]),
        ({"text": "x" * 3_100, "link": None}, ["text"]),
        ({"subject": "Hello"}, ["subject"]),
        ({"text": "x" * 3_100, "title": "No such thing"}, ["title", "text"]),
    ],
)
def test_a_patch_is_refused_with_the_field_that_is_wrong(waiting, body, fields):
    """Of a post on LinkedIn, which has neither a subject nor a title."""
    reply = patch(waiting, **body)
    assert (reply.status, [error["field"] for error in reply.json["errors"]]) == (422, fields)
    assert waiting.stored() == waiting.approval


def test_a_limit_is_told_in_words(waiting):
    (error,) = patch(waiting, text="x" * 4_165).json["errors"]
    assert error["message"] == "4,204 of at most 3,000 characters (most emoji count 2); rule limits.length"


def test_a_body_that_is_too_large_is_not_called_a_campaign(waiting):
    reply = patch(waiting, text="x" * 300_000)
    assert reply.status == 413
    assert "campaign" not in reply.json["detail"]
    assert "the body may have 262,144 bytes" in reply.json["errors"][0]["message"]


def test_only_a_manager_of_the_tenant_manages(waiting):
    assert call(waiting, "revoke", {}, role="viewer").status == 403
    assert call(waiting, "revoke", {}, tenant="globex").status == 404
    assert waiting.stored() == waiting.approval


def test_what_is_decided_cannot_be_managed(waiting):
    waiting.send({"decision": "approved"})
    assert call(waiting, "revoke", {}).status == 409


def quorum(waiting, wanted):
    waiting.approval = waiting.world.approvals.amend(waiting.approval.model_copy(update={"quorum": wanted}))


def test_with_a_quorum_of_all_the_second_yes_decides(waiting):
    quorum(waiting, Quorum.ALL)
    first = waiting.send({"decision": "approved"})
    assert first.status == 200
    assert "Your answer counts" in first.text
    assert "has not answered yet" in first.text
    assert waiting.stored().status is ApprovalStatus.PENDING
    assert waiting.world.engine.resumed == []
    again = waiting.send({"decision": "rejected"})
    assert again.status == 409
    assert "You had answered before" in again.text
    assert "Your answer counts" in waiting.open().text
    waiting.send({"decision": "approved"}, reviewer="grace@example.com")
    assert [one.output["decision"] for one in waiting.world.engine.resumed] == ["approved"]


def test_marks_on_posts_go_along_with_the_decision(waiting):
    form = {"decision": "needs_revision", "verdict-1": "approve", "verdict-2": "change", "comment-2": "Shorter"}
    assert waiting.send(form | {"verdict-3": "reject"}).status == 200
    made = waiting.stored().decision
    posts = waiting.world.posts.page(waiting.key, 10).items
    assert made is not None
    assert [(said.post_id, said.verdict.value, said.comment) for said in made.posts] == [
        (posts[1].post_id, "change", "Shorter"),
        (posts[2].post_id, "reject", ""),
    ]


@pytest.mark.parametrize(
    "form",
    [
        {"decision": "needs_revision", "verdict-1": "change"},
        {"decision": "needs_revision", "verdict-1": "maybe"},
        {"decision": "needs_revision", "verdict-1": "change", "comment-1": "x" * 2_001},
        {"decision": "approved", "verdict-1": "reject"},
    ],
)
def test_marks_that_make_no_sense_decide_nothing(waiting, form):
    assert waiting.send(form).status == 422
    assert waiting.stored() == waiting.approval


def test_an_edit_is_checked_and_what_was_shown_before_cannot_be_decided_on(waiting):
    old = waiting.approval.content_hash
    assert patch(waiting, text="Better words.").status == 200
    assert waiting.stored().content_hash not in ("", old)
    assert waiting.open().status == 200  # links stay
    late = waiting.send({"decision": "approved", "contentHash": old})
    assert late.status == 409
    assert "have changed since they were shown" in late.text
    assert "<ins>" in late.text
    assert waiting.world.engine.resumed == []
    token = waiting.query()["token"]
    body = {"decision": "approved", "callbackId": waiting.approval.callback_id, "contentHash": old}
    path = f"/campaigns/{waiting.key.campaign_id}/approve"
    twin = waiting.world.call("POST", path, body, tenant=None, headers={"Authorization": f"Bearer {token}"})
    assert twin.status == 409
    assert "Better words." in twin.json["errors"][0]["message"]
    assert waiting.send({"decision": "approved", "contentHash": waiting.stored().content_hash}).status == 200


@pytest.mark.parametrize("body", [{}, {"text": None}, {"text": ""}, {"text": "x" * 100_000}, {"color": "red"}])
def test_an_edit_that_breaks_a_rule_is_refused(waiting, body):
    assert patch(waiting, **body).status == 422
    assert waiting.stored() == waiting.approval


def test_after_the_decision_nothing_is_edited(waiting):
    waiting.send({"decision": "approved"})
    assert patch(waiting, text="Too late").status == 409


def test_while_an_edit_is_under_way_nothing_is_decided(waiting):
    waiting.world.approvals.amend(waiting.approval.model_copy(update={"content_hash": ""}))
    assert waiting.send({"decision": "approved"}).status == 409
    assert waiting.send({"decision": "approved", "contentHash": waiting.approval.content_hash}).status == 409
    assert waiting.world.engine.resumed == []


def test_only_what_was_approved_may_be_sent(waiting):
    world, key = waiting.world, waiting.key
    with pytest.raises(ContentChangedError):
        require_approved_content(world.campaigns.get(key), every(world.posts, key))
    approved = world.campaigns.update(
        key,
        expected=[CampaignStatus.AWAITING_APPROVAL],
        status=CampaignStatus.APPROVED,
        approved_content_hash=waiting.approval.content_hash,
        at=world.clock.now(),
    )
    require_approved_content(approved, every(world.posts, key))
    post = world.posts.page(key, 1).items[0]
    world.posts.edit(key, post.model_copy(update={"content": post.content.model_copy(update={"text": "Other"})}))
    with pytest.raises(ContentChangedError):
        require_approved_content(approved, every(world.posts, key))


def test_the_second_stage_is_asked_when_the_first_agrees(waiting):
    second = Reviewer(email="boss@example.com", nonce_hash="", stage=2)
    staged = {"reviewers": (*waiting.approval.reviewers, second), "next_quorum": Quorum.ONE}
    waiting.world.approvals.amend(waiting.approval.model_copy(update=staged))
    waiting.send({"decision": "approved"})
    stored = waiting.stored()
    assert (stored.status, stored.stage, stored.decision) == (ApprovalStatus.PENDING, 2, None)
    assert waiting.world.engine.resumed == []
    assert "Somebody else" in waiting.open(**waiting.query("grace@example.com")).text
    assert waiting.send({"decision": "rejected"}, reviewer="grace@example.com").status == 409


def test_an_edit_of_nothing_says_that_nothing_was_given(waiting):
    reply = patch(waiting)
    assert reply.status == 422
    assert reply.json["errors"][0]["field"] == "body"
    assert reply.json["detail"].startswith("nothing to change was given; name at least one of text, hashtags")
    assert waiting.stored() == waiting.approval


def test_an_edit_that_the_table_cannot_hold_is_refused_before_anything_is_written(waiting):
    """One body is never that large, but what was there before adds up with it."""
    (post,) = waiting.world.posts.page(waiting.key, 1).items
    large = post.content.model_copy(update={"preview": "a" * 200_000})
    waiting.world.posts.edit(waiting.key, post.model_copy(update={"content": large}))
    shown = waiting.stored()
    reply = patch(waiting, mentions=[], callToAction="b" * 200_000)
    assert (reply.status, reply.fields) == (413, ["callToAction"]), reply.text
    assert waiting.stored() == shown
