"""Posts that people edit, move and drop while their campaign waits: through the API, and on the reviewer's page."""

from datetime import UTC, datetime
from typing import Any

import pytest

from lambdas.agents.comments.reading import Kind, read
from lambdas.domain.content_hash import content_hash
from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.campaign import PostCounts, Quorum
from lambdas.domain.models.post import Post
from lambdas.domain.models.workflow import Decision
from lambdas.ops.sweep_approvals import tend
from lambdas.ports.paging import every
from tests.support.api import REVIEWERS, Reply
from tests.support.waiting import Form, Waiting, nothing_happened

ADA, GRACE = REVIEWERS
IN_MARCH = "2026-03-03T10:00:00+01:00"


def post(waiting: Waiting, number: int = 1) -> Post:
    return waiting.world.posts.page(waiting.key, 100).items[number - 1]


def patch(waiting: Waiting, body: dict[str, Any], number: int = 1) -> Reply:
    path = f"/campaigns/{waiting.key.campaign_id}/posts/{post(waiting, number).post_id}"
    return waiting.world.call("PATCH", path, body)


def press(waiting: Waiting, reviewer: str = ADA, **fields: str) -> Reply:
    """A button of the page as it is shown now."""
    shown = {"contentHash": waiting.stored().content_hash}
    return waiting.send(shown | {name.replace("_", "-"): value for name, value in fields.items()}, reviewer)


def save(waiting: Waiting, number: int = 1, **fields: str) -> Reply:
    version = {f"version_{number}": str(post(waiting, number).version)}
    return press(waiting, save=str(number), editing=str(number), **(version | fields))


def test_a_post_is_moved_and_moved_back(waiting):
    before = post(waiting)
    planned, shown = before.scheduled_at, waiting.stored().content_hash
    moved = patch(waiting, {"scheduledAt": IN_MARCH})
    assert (moved.status, moved.json["scheduledAt"]) == (200, "2026-03-03T09:00:00.000Z")
    assert post(waiting).moved_from == planned
    assert post(waiting).edit.by == "robin"
    assert post(waiting).content == before.content
    assert waiting.stored().content_hash not in ("", shown)
    assert waiting.stored().summary.first_at == post(waiting, 2).scheduled_at
    earlier = patch(waiting, {"scheduledAt": "2026-03-04T10:00:00+01:00"})
    assert earlier.status == 200
    assert post(waiting).moved_from == planned


@pytest.mark.parametrize(
    ("time", "sentence"),
    [("2026-03-02T08:59:00+01:00", "the campaign runs from"), ("2026-03-15T18:01:00+01:00", "the campaign runs from")],
)
def test_a_post_stays_within_the_campaigns_time(waiting, time, sentence):
    reply = patch(waiting, {"scheduledAt": time})
    assert (reply.status, reply.fields) == (422, ["scheduledAt"])
    assert sentence in reply.json["detail"]
    nothing_happened(waiting)


def test_a_post_is_not_moved_into_the_past(waiting):
    waiting.world.clock.set(datetime(2026, 3, 5, tzinfo=UTC))
    waiting.world.approvals.amend(waiting.stored().model_copy(update={"expires_at": datetime(2026, 3, 12, tzinfo=UTC)}))
    reply = patch(waiting, {"scheduledAt": IN_MARCH})
    assert (reply.status, reply.fields) == (422, ["scheduledAt"])
    assert "over" in reply.json["detail"]


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_time_beyond_all_calendars_is_refused(waiting, time):
    reply = patch(waiting, {"scheduledAt": time})
    assert (reply.status, reply.fields) == (422, ["scheduledAt"])
    nothing_happened(waiting)


def test_a_campaign_with_a_dropped_post_has_none_that_failed(waiting):
    assert patch(waiting, {"dropped": True}).status == 200
    reply = waiting.world.call("POST", f"/campaigns/{waiting.key.campaign_id}/retry", {"mode": "failed_posts"})
    assert (reply.status, reply.json["detail"]) == (409, "no post failed")


def test_a_comment_of_blanks_or_of_figures_is_answered(waiting):
    for comment in ('use "' + " " * 1_900 + "x", "shorter by " + "9" * 400 + " %"):
        assert press(waiting, foresee="1", verdict_1="change", comment_1=comment).status == 200
        assert [wish.kind for wish in read(comment)] in ([Kind.UNCLEAR], [Kind.SHORTER])
    nothing_happened(waiting)


@pytest.mark.parametrize("name", ["scheduledAt", "dropped", "text"])
def test_what_a_post_always_has_is_not_taken_away(waiting, name):
    reply = patch(waiting, {name: None})
    assert (reply.status, reply.fields) == (422, [name])
    nothing_happened(waiting)


def test_a_dropped_post_keeps_its_place_and_counts_as_dropped(waiting):
    shown = waiting.stored().content_hash
    reply = patch(waiting, {"dropped": True}, 2)
    assert (reply.status, reply.json["dropped"], reply.json["status"]) == (200, True, "completed")
    counts = PostCounts(total=3, completed=2, dropped=1)
    posts, key = waiting.world.posts, waiting.key
    assert posts.count(key) == posts.progress(key) == waiting.world.campaigns.get(key).counts == counts
    assert waiting.stored().content_hash == content_hash(every(posts, key)) != shown
    assert patch(waiting, {"dropped": False}, 2).status == 200
    assert posts.count(key) == posts.progress(key) == PostCounts(total=3, completed=3)
    assert waiting.stored().content_hash == shown


def test_the_sweep_counts_again_when_the_process_died_after_a_post_was_dropped(waiting):
    world, key = waiting.world, waiting.key
    patch(waiting, {"dropped": True}, 2)
    settled, shown = world.campaigns.get(key), waiting.stored().content_hash
    stale = PostCounts(total=3, completed=3)
    world.campaigns.update(key, expected=[settled.status], at=world.clock.now(), counts=stale)
    tend(world.approvals.amend(waiting.stored().model_copy(update={"content_hash": "", "editing": ()})), world)
    assert world.campaigns.get(key).counts == settled.counts
    assert waiting.stored().content_hash == shown


def test_the_last_post_is_not_dropped(waiting):
    assert patch(waiting, {"dropped": True}, 1).status == 200
    assert patch(waiting, {"dropped": True}, 2).status == 200
    reply = patch(waiting, {"dropped": True}, 3)
    assert (reply.status, reply.fields) == (422, ["dropped"])
    assert "reject the campaign" in reply.json["detail"]
    page = press(waiting, drop="3")
    assert page.status == 422
    assert "At least one post has to stay" in page.text


def test_what_a_reviewer_saves_makes_earlier_answers_be_for_the_old_text(waiting):
    waiting.world.approvals.amend(waiting.stored().model_copy(update={"quorum": Quorum.ALL}))
    assert press(waiting, GRACE, decision="approved").status == 200
    reply = save(waiting, text_1="A text by hand.", comments="Kept", verdict_2="reject", comment_2="")
    assert reply.status == 200
    assert "Post 1 is saved." in reply.text
    assert "have changed since they were shown" not in reply.text  # it was they who changed them
    assert (post(waiting).content.text, post(waiting).edit.by) == ("A text by hand.", ADA)
    assert "Changed by you" in reply.text
    assert "Kept</textarea>" in reply.text
    assert ADA not in reply.text
    assert (
        "Changed by Reviewer 1" in waiting.world.call("GET", waiting.path, tenant=None, query=waiting.query(GRACE)).text
    )
    assert waiting.stored().status is ApprovalStatus.PENDING
    assert not waiting.stored().has_answered(GRACE)
    assert press(waiting, ADA, decision="approved").status == 200
    assert waiting.stored().decision is None
    assert press(waiting, GRACE, decision="approved").status == 200
    assert waiting.stored().decision.decision is Decision.APPROVED


def test_a_version_that_somebody_else_changed_meanwhile_is_not_overwritten(waiting):
    old = str(post(waiting).version)
    assert patch(waiting, {"text": "Theirs."}).status == 200
    reply = press(waiting, save="1", editing="1", text_1="Mine.", version_1=old)
    assert reply.status == 422
    assert "Somebody changed post 1 meanwhile" in reply.text
    assert "Mine.</textarea>" in reply.text
    assert post(waiting).content.text == "Theirs."
    again = Form(reply.text)
    assert again.hidden["version-1"] == str(post(waiting).version)
    assert press(waiting, save="1", editing="1", text_1="Mine.", version_1=again.hidden["version-1"]).status == 200
    assert post(waiting).content.text == "Mine."


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"text_1": "  "}, "text-1", "Post 1 needs a text."),
        ({"text_1": "x" * 3_001}, "text-1", "of at most 3,000 characters"),
        ({"time_1": "soon"}, "time-1", "give a date and a time that exist in Europe/Berlin"),
        ({"time_1": "2026-03-29T02:30"}, "time-1", "give a date and a time that exist in Europe/Berlin"),
        ({"time_1": "2027-03-02T10:00"}, "time-1", "the campaign runs from Monday, 2 March 2026, 09:00"),
    ],
)
def test_what_is_wrong_with_an_edit_is_said_at_its_field(waiting, fields, field, sentence):
    reply = save(waiting, **fields)
    assert reply.status == 422
    assert sentence in reply.text
    assert f'id="error-{field}"' in reply.text
    assert f'aria-describedby="error-{field} ' in reply.text
    assert f'<a href="#{field}">' in reply.text
    assert post(waiting).edit is None
    nothing_happened(waiting)


def test_saving_what_is_there_changes_nothing(waiting):
    opened = press(waiting, edit="1")
    assert 'id="text-1"' in opened.text
    reply = save(waiting, text_1=post(waiting).content.text)
    assert "Nothing was changed in post 1." in reply.text
    nothing_happened(waiting)


@pytest.mark.parametrize(
    "button", [{"save": "9999"}, {"save": "abc"}, {"drop": "-1"}, {"edit": ""}, {"keep": "9" * 30}]
)
def test_a_button_of_no_post_decides_nothing(waiting, button):
    reply = press(waiting, decision="approved", **button)
    assert reply.status == 200
    nothing_happened(waiting)


def test_whoever_has_answered_edits_nothing(waiting):
    waiting.world.approvals.amend(waiting.stored().model_copy(update={"quorum": Quorum.ALL}))
    assert press(waiting, ADA, decision="approved").status == 200
    reply = save(waiting, text_1="Too late.")
    assert "Your answer counts" in reply.text
    assert post(waiting).edit is None
    assert press(waiting, GRACE, decision="approved").status == 200
    late = press(waiting, GRACE, drop="1")
    assert "The posts are settled" in late.text
    assert not post(waiting).dropped


def test_ranges_of_a_form_cost_no_more_than_the_posts_there_are(make_waiting):
    many = make_waiting(60)
    reply = press(many, page="1", seen=",".join(["1-99999"] * 5_000))
    assert reply.status == 200
    assert 'name="seen" value="1-99999"' in reply.text


def test_an_approval_keeps_how_many_posts_were_not_opened(make_waiting):
    many = make_waiting(60)
    asked = press(many, decision="approved", seen="1-50")
    assert (asked.status, "10 posts were not opened" in asked.text) == (200, True)
    nothing_happened(many)
    assert press(many, decision="approved", seen="1-50", confirmed="yes").status == 200
    assert many.stored().votes[0].unopened == 10
