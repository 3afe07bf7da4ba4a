"""The page's form: what it has to say, and what it keeps while a reviewer turns the pages of many posts."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest

from lambdas.api.pages.shown import POSTS_A_PAGE
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.approval import ApprovalStatus, PostVerdict
from lambdas.domain.models.workflow import Decision
from tests.support.waiting import CAMPAIGN_ID, Waiting, nothing_happened


class Filled(HTMLParser):
    """What a browser would send of a form as it stands, and the pages it offers."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.pages: list[str] = []
        self._area = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        name, value = str(values.get("name")), str(values.get("value"))
        if tag == "button" and name == "page":
            self.pages.append(value)
            assert "formnovalidate" in values
        if tag == "input" and (values["type"] == "hidden" or "checked" in values):
            self.fields[name] = value
        if tag == "textarea":
            self._area = name
            self.fields[name] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data


@pytest.fixture
def many(make_waiting: Any) -> Waiting:
    waiting: Waiting = make_waiting(120)
    return waiting


def test_marks_are_kept_from_page_to_page_and_sent_together(many: Waiting) -> None:
    first = Filled(many.open().text)
    assert first.pages == ["2", "3"]
    assert len([name for name in first.fields if name.startswith("verdict-")]) == POSTS_A_PAGE
    marked = first.fields | {"verdict-2": "change", "comment-2": 'Shorter, "please" <b>', "comments": "Nearly"}
    reply = many.send(marked | {"page": "3", "decision": "needs_revision"})
    assert reply.status == 200
    assert "Posts 101 to 120 of 120" in reply.text
    assert "1 post so far" in reply.text
    nothing_happened(many)

    third = Filled(reply.text)
    assert third.fields["verdict-2"] == "change"
    assert third.fields["comment-2"] == 'Shorter, "please" <b>'
    assert (third.fields["comments"], third.fields["decision"]) == ("Nearly", "needs_revision")
    back = Filled(many.send(third.fields | {"verdict-120": "reject", "page": "1"}).text)
    assert (back.fields["verdict-2"], back.fields["comment-2"]) == ("change", 'Shorter, "please" <b>')
    assert back.fields["verdict-120"] == "reject"
    assert back.fields["verdict-1"] == "approve"
    nothing_happened(many)

    assert many.send(back.fields).status == 200
    made = many.stored().decision
    assert made is not None
    assert made.decision is Decision.NEEDS_REVISION
    said = {post.post_id: (post.verdict, post.comment) for post in made.posts}
    assert said == {
        post_id_for(CAMPAIGN_ID, 1): (PostVerdict.CHANGE, 'Shorter, "please" <b>'),
        post_id_for(CAMPAIGN_ID, 119): (PostVerdict.REJECT, ""),
    }


def test_a_post_on_another_page_that_is_marked_keeps_an_approval_from_going_through(many: Waiting) -> None:
    second = Filled(many.send(Filled(many.open().text).fields | {"verdict-1": "reject", "page": "2"}).text)
    reply = many.send(second.fields | {"decision": "approved"})
    assert reply.status == 422
    nothing_happened(many)


def test_what_was_edited_while_pages_were_turned_is_said(many: Waiting) -> None:
    first = Filled(many.open().text)
    edited = many.stored().model_copy(update={"content_hash": "f" * 64})
    many.world.approvals.amend(edited)
    reply = many.send(first.fields | {"page": "2"})
    assert reply.status == 200
    assert "The posts have changed since they were shown to you" in reply.text
    late = many.send(first.fields | {"decision": "approved", "verdict-3": "approve", "comment-3": "nice"})
    assert late.status == 409
    assert "your decision was not recorded" in late.text
    assert Filled(late.text).fields["comment-3"] == "nice"
    assert many.stored().status is ApprovalStatus.PENDING


def test_a_decision_after_turning_pages_is_shown_as_one(many: Waiting) -> None:
    first = Filled(many.open().text).fields
    many.send({"decision": "rejected"}, reviewer="grace@example.com")
    reply = many.send(first | {"page": "2"})
    assert (reply.status, "Rejected" in reply.text) == (200, True)


def test_a_form_that_does_not_say_what_it_showed_decides_nothing(waiting: Waiting) -> None:
    form = {"decision": "approved"}
    reply = waiting.world.call("POST", waiting.path, urlencode(form), tenant=None, query=waiting.query())
    assert reply.status == 422
    assert "does not say what it showed" in reply.text
    nothing_happened(waiting)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"decision": "approved", "verdict-2": "reject"}, "Approve only when all posts are marked as fine"),
        ({}, "Choose one of the three decisions"),
        ({"decision": "maybe"}, "Choose one of the three decisions"),
        ({"decision": "rejected", "comments": "z" * 5_001}, "more than 5,000 characters"),
        ({"decision": "needs_revision", "verdict-3": "change", "comment-3": "z" * 2_001}, "over 2,000 characters"),
        ({"decision": "needs_revision", "verdict-3": "change"}, "say what should change"),
        ({"decision": "needs_revision", "verdict-9999": "reject"}, "no such post"),
    ],
)
def test_a_form_that_is_wrong_comes_back_as_it_was_filled_in(
    waiting: Waiting, wrong: dict[str, str], sentence: str
) -> None:
    filled = Filled(waiting.open().text).fields | {"comments": "Nearly", "verdict-1": "change", "comment-1": "Hm"}
    reply = waiting.send(filled | wrong)
    assert reply.status == 422
    assert sentence in reply.text
    again = Filled(reply.text).fields
    assert {name: again[name] for name in filled | wrong if again.get(name)} == {
        name: value for name, value in (filled | wrong).items() if value and value != "maybe"
    }
    for raw in ("Field required", "String should", "Input should", "incomplete"):
        assert raw not in reply.text
    nothing_happened(waiting)


def test_a_form_that_is_wrong_shows_the_page_it_is_wrong_on(many: Waiting) -> None:
    third = Filled(many.send(Filled(many.open().text).fields | {"page": "3"}).text).fields
    reply = many.send(third | {"decision": "needs_revision", "verdict-110": "change"})
    assert (reply.status, "Posts 101 to 120 of 120" in reply.text) == (422, True)


def test_a_page_that_is_opened_during_an_edit_says_so_and_decides_nothing(waiting: Waiting) -> None:
    before = Filled(waiting.open().text).fields | {"decision": "rejected", "comments": "No."}
    shown = waiting.stored()
    editing = waiting.world.approvals.amend(shown.model_copy(update={"content_hash": ""}))
    page = waiting.open()
    assert (page.status, "Somebody is changing a post at this moment" in page.text) == (200, True)
    during = Filled(page.text).fields
    for form in (before, during | {"decision": "rejected", "comments": "No."}):
        reply = waiting.send(form)
        assert reply.status == 409
        assert "send it again in a minute" in reply.text
        kept = Filled(reply.text).fields
        assert (kept["decision"], kept["comments"], kept["contentHash"]) == ("rejected", "No.", "")
    waiting.world.approvals.amend(editing.model_copy(update={"content_hash": "f" * 64}))
    reply = waiting.send(kept)
    assert (reply.status, "Please decide again" in reply.text) == (409, True)
    assert waiting.stored().votes == ()
    assert waiting.send(Filled(reply.text).fields).status == 200
    assert waiting.stored().status is ApprovalStatus.DECIDED


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("part", ["token", "nonce"])
def test_a_link_with_a_part_twice_is_a_page_that_says_so(waiting: Waiting, method: str, part: str) -> None:
    values = {name: [value] for name, value in waiting.query().items()}
    values[part] = values[part] * 2
    body = urlencode({"decision": "approved", "contentHash": waiting.approval.content_hash})
    reply = waiting.world.call(
        method, waiting.path, body if method == "POST" else None, tenant=None, query=waiting.query(), repeated=values
    )
    assert reply.status == 401
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "This link does not work" in reply.text
    assert [name for name, _ in waiting.world.log.events] == ["approval_link_refused"]
    nothing_happened(waiting)


FETCHERS = [
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; Microsoft-SkypeUriPreview/1.0)",
    "facebookexternalhit/1.1",
    "WhatsApp/2.23",
    "Mozilla/5.0 (compatible; proofpoint-urldefense)",
    "Barracuda Sentinel (EE)",
]


def test_hundreds_of_previews_change_nothing(waiting: Waiting) -> None:
    for number in range(300):
        headers = {"User-Agent": FETCHERS[number % len(FETCHERS)], "X-Purpose": "preview"}
        method = "HEAD" if number % 3 == 0 else "GET"
        query = waiting.query() | {"decision": "approved", "page": str(number % 4)}
        reply = waiting.world.call(method, waiting.path, tenant=None, query=query, headers=headers)
        assert reply.status == 200
    nothing_happened(waiting)


def test_who_decided_is_said_without_an_address(waiting: Waiting) -> None:
    waiting.send({"decision": "rejected"}, reviewer="grace@example.com")
    late, own = waiting.send({"decision": "approved"}), waiting.send({"decision": "approved"}, "grace@example.com")
    for reply, who in ((late, "reviewer 2"), (own, "you")):
        assert reply.status == 409
        assert re.search(rf"<dt>Decided by</dt><dd>{who}</dd>", reply.text)
        assert "@" not in re.sub(r"<style>.*?</style>", "", reply.text, flags=re.DOTALL)
