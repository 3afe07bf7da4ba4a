"""Approval: a GET looks, one POST decides, and a link opens what it was made for and nothing else."""

import base64
import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import cycle, islice
from typing import Any

import pytest

from lambdas.domain.errors import ConflictError, DependencyUnavailableError
from lambdas.domain.models.approval import ApprovalStatus, MadeDecision
from lambdas.domain.models.campaign import CampaignStatus, Quorum
from lambdas.domain.models.post import Provenance, RuleResult
from lambdas.domain.models.workflow import Decision
from lambdas.services.approval_links import open_link
from lambdas.services.decisions import RESUME_GRACE, Choice, decide
from tests.fakes import stored as at_rest
from tests.support.api import REVIEWERS
from tests.support.faults import replaced
from tests.support.waiting import OTHER_ULID, TASK_TOKEN, Form, Waiting, nothing_happened


def test_the_page_shows_what_is_decided_on(waiting):
    reply = waiting.open()

    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    for shown in ("Spring launch", "Post number 1", "Post number 3", "Mara", "LinkedIn", "#northwind", "Europe/Berlin"):
        assert shown in reply.text
    assert "Monday, 5 January 2026, 10:00" in reply.text  # nine o'clock UTC in Berlin
    assert "of 3,000 characters" in reply.text
    assert "&lt;b&gt;with markup&lt;/b&gt; &amp; an ampersand" in reply.text
    form = Form(reply.text)
    assert form.forms == [{"method": "post", "action": "#top", "class": "wrap main"}]
    assert form.choices == ["approve", "change", "reject"] * 3 + ["approved", "needs_revision", "rejected"]
    assert form.hidden == {"contentHash": waiting.approval.content_hash, "seen": "1-3", "at": "1"}
    assert set(form.areas) == {"comments", "comment-1", "comment-2", "comment-3"} == form.labelled - {"platform"}


def test_the_page_names_the_rules_a_post_does_not_meet(waiting):
    """Above all a text that repeats another: it is not failed, so the reviewer has to see it."""
    first, second = waiting.world.posts.page(waiting.key, 2).items
    broken = Provenance(
        provider="offline",
        model_id="m",
        prompt_version="1",
        prompt_hash="0" * 64,
        brand_version=1,
        persona_version=1,
        rules=(
            RuleResult(rule="limits.length", passed=True, detail="12 of at most 280"),
            RuleResult(rule="content.duplicate", passed=False, detail="83% like post 1 <b>"),
        ),
    )
    waiting.world.posts.finish(waiting.key, 0, [second.model_copy(update={"provenance": broken})])

    text = waiting.open().text
    assert "<li>83% like post 1 &lt;b&gt;</li>" in text
    assert "12 of at most 280" not in text
    assert text.count("Rules this post does not meet") == 1
    assert first.provenance is None
    assert waiting.send({"decision": "approved", "contentHash": waiting.approval.content_hash}).status == 200


def test_the_page_is_nobody_elses(waiting):
    headers = waiting.open().headers
    policy = headers["Content-Security-Policy"]

    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    for part in ("default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'", "sha256-"):
        assert part in policy
    assert "unsafe" not in policy
    style = re.search(r"<style>(.*?)</style>", waiting.open().text, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy


def test_no_page_and_no_log_tells_the_task_token_or_an_address(waiting):
    texts = [waiting.open().text, waiting.send({"decision": "approved"}).text, waiting.open().text]
    texts.append(repr(waiting.world.log.events + waiting.world.log.served_requests))

    for text in texts:
        assert TASK_TOKEN not in text
        assert "@example.com" not in text


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_a_hundred_times_decides_nothing(waiting, method):
    for _ in range(100):
        assert waiting.open(method).status == 200
    assert waiting.open(method, decision="approved").status == 200
    nothing_happened(waiting)


@pytest.mark.parametrize("decision", list(Decision))
def test_a_decision_is_recorded_and_resumes_the_workflow_once(waiting, decision):
    form = {"decision": decision.value, "comments": "Well <done>", "contentHash": waiting.approval.content_hash}
    reply = waiting.send(form)

    assert reply.status == 200
    assert "you" in reply.text
    assert "Well &lt;done&gt;" in reply.text
    stored = waiting.stored()
    assert stored.status is ApprovalStatus.DECIDED
    assert stored.decision == MadeDecision(
        decision=decision,
        comments="Well <done>",
        decided_by="ada@example.com",
        decided_at=at_rest(waiting.world.clock.now()),
    )
    assert stored.resumed_at == at_rest(waiting.world.clock.now())
    outcome = {"callbackId": waiting.approval.callback_id, "decision": decision.value}
    assert waiting.world.engine.resumed == [(TASK_TOKEN, outcome)]


def test_a_second_decision_is_told_what_the_first_was(waiting):
    waiting.send({"decision": "rejected", "comments": "Off brand"})
    again = waiting.send({"decision": "approved"}, reviewer="grace@example.com")

    assert again.status == 409
    for shown in ("already decided", "Rejected", "Reviewer 1", "Off brand"):
        assert shown in again.text
    assert len(waiting.world.engine.resumed) == 1


def test_opening_a_used_link_shows_what_was_decided(waiting):
    waiting.send({"decision": "needs_revision", "comments": "Shorter"})
    waiting.world.campaigns.update(
        waiting.key,
        expected=[CampaignStatus.AWAITING_APPROVAL],
        at=waiting.world.clock.now(),
        status=CampaignStatus.NEEDS_REVISION,
    )
    reply = waiting.open()

    assert reply.status == 200
    assert "Sent back for revision" in reply.text
    assert Form(reply.text).forms == []


def test_fifty_decisions_at_once_leave_one(waiting):
    world, query = waiting.world, waiting.query()
    link = open_link(query["token"], query["nonce"], waiting.approval.callback_id, world)
    choices = [Choice(decision, f"comment {n}", None) for n, decision in enumerate(islice(cycle(Decision), 50))]

    def attempt(choice: Choice) -> str:
        try:
            decide(link, choice, world)
        except ConflictError as error:
            return error.message
        return "won"

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(attempt, choices))

    made = waiting.stored().decision
    assert answers.count("won") == 1
    assert made.comments == choices[answers.index("won")].comments
    assert [a for a in answers if a != "won"] == [
        f"this was decided by you at 2026-01-05T09:00:00.123Z: {made.decision.value}"
    ] * 49
    assert len(world.engine.resumed) == 1


class Dying:
    """An engine that takes the process with it, once."""

    def __init__(self, engine: Any) -> None:
        self._engine, self._alive = engine, False

    def resume(self, token: Any, output: dict[str, object]) -> None:
        if not self._alive:
            self._alive = True
            raise DependencyUnavailableError("connection lost")
        self._engine.resume(token, output)


def test_a_crash_between_decision_and_resume_is_mended_by_the_same_decision(waiting):
    world, query = waiting.world, waiting.query()
    ports = replaced(world, engine=Dying(world.engine))
    link = open_link(query["token"], query["nonce"], waiting.approval.callback_id, world)
    choice = Choice(Decision.APPROVED, "Fine,\nreally", None)
    with pytest.raises(DependencyUnavailableError):
        decide(link, choice, ports)
    assert (waiting.stored().status, waiting.stored().resumed_at) == (ApprovalStatus.DECIDED, None)

    # At once, it may be another request's that is still on its way.
    assert waiting.send({"decision": "approved", "comments": "Fine,\r\nreally"}).status == 409
    world.clock.advance(RESUME_GRACE)
    assert waiting.send({"decision": "rejected", "comments": "Fine,\r\nreally"}).status == 409
    assert world.engine.resumed == []
    page = waiting.open()
    shown = {"contentHash": waiting.approval.content_hash}
    assert Form(page.text).hidden == {"decision": "approved", "comments": "Fine,\nreally"} | shown
    assert waiting.send({"decision": "approved", "comments": "Fine,\r\nreally"}).status == 200

    assert len(world.engine.resumed) == 1
    assert waiting.stored().resumed_at == at_rest(world.clock.now())
    assert Form(waiting.open().text).forms == []


def test_a_decision_whose_execution_was_lost_counts_and_is_kept_for_the_next_one(waiting):
    """It used to be on record, and delivered later, while its reviewer read that nothing was changed."""
    waiting.world.engine.fail(waiting.approval.task_token, "Stopped", "by hand")
    reply = waiting.send({"decision": "approved"})

    assert reply.status == 200
    made = waiting.stored()
    assert made.decision
    assert made.resumed_at is None


@pytest.mark.parametrize("status", [CampaignStatus.FAILED, CampaignStatus.STOPPED, CampaignStatus.EXPIRED])
def test_after_the_workflow_ended_nothing_can_be_decided(waiting, status):
    waiting.world.campaigns.update(
        waiting.key, expected=[CampaignStatus.AWAITING_APPROVAL], at=waiting.world.clock.now(), status=status
    )

    assert waiting.open().status == 410
    assert waiting.send({"decision": "approved"}).status == 410
    nothing_happened(waiting)


def test_a_closed_request_is_over(waiting):
    waiting.world.approvals.close(waiting.key, waiting.approval.callback_id)

    assert (waiting.open().status, waiting.send({"decision": "approved"}).status) == (410, 410)
    assert waiting.world.engine.resumed == []


def test_an_expired_link_says_so(waiting):
    waiting.world.clock.advance(timedelta(days=7))
    reply = waiting.open()

    assert reply.status == 401
    assert "expired" in reply.text
    assert "Ask the person" in reply.text
    assert waiting.send({"decision": "approved"}).status == 401
    nothing_happened(waiting)


def test_a_decision_on_other_content_is_refused(waiting):
    reply = waiting.send({"decision": "approved", "contentHash": "0" * 64})

    assert reply.status == 409
    assert "The posts have changed" in reply.text
    nothing_happened(waiting)


@pytest.mark.parametrize(
    "form",
    [{}, {"decision": ""}, {"decision": "maybe"}, {"decision": "approved", "comments": "x" * 5_001}],
)
def test_an_incomplete_form_decides_nothing(waiting, form):
    reply = waiting.send(form)

    assert reply.status == 422
    assert "Nothing was recorded" in reply.text
    nothing_happened(waiting)


def test_a_form_that_is_too_large_decides_nothing(waiting):
    assert waiting.send({"decision": "approved", "x": "y" * 1_100_000}).status == 413
    nothing_happened(waiting)


def test_the_form_cannot_name_another_request(waiting):
    reply = waiting.send({"decision": "approved", "callbackId": OTHER_ULID, "tenantId": "globex"})

    assert reply.status == 200
    assert waiting.stored().status is ApprovalStatus.DECIDED


@pytest.mark.parametrize(("page", "numbers"), [("1", (1, 50)), ("2", (51, 100)), ("3", (101, 120))])
def test_many_posts_come_in_pages(make_waiting, page, numbers):
    reply = make_waiting(120).open(page=page)

    assert f"Posts {numbers[0]} to {numbers[1]} of 120" in reply.text
    assert f"Post number {numbers[0]} " in reply.text
    assert f"Post number {numbers[1]} " in reply.text
    assert f"Post number {numbers[1] + 1} " not in reply.text
    assert 'aria-current="page"' in reply.text


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "²", "9" * 5_000])
def test_a_page_that_is_none_shows_the_nearest(make_waiting, page):
    assert make_waiting(120).open(page=page).status == 200


def test_who_answered_before_an_edit_is_shown_what_changed_and_asked_again(waiting: Waiting) -> None:
    world, (ada, grace, *_) = waiting.world, REVIEWERS
    stored = waiting.stored()
    world.approvals.amend(stored.model_copy(update={"quorum": Quorum.ALL, "layout": 1}))
    assert "Your answer counts" in waiting.send({"decision": "approved"}, ada).text
    (post, *_) = world.posts.page(waiting.key, 1).items
    path = f"/campaigns/{waiting.key.campaign_id}"
    assert world.call("PATCH", f"{path}/posts/{post.post_id}", {"text": "Of a later hour."}).status == 200
    own = world.call("GET", waiting.path, tenant=None, query=waiting.query(ada))
    other = world.call("GET", waiting.path, tenant=None, query=waiting.query(grace))
    assert "your answer does not count any more" in own.text
    assert "<ins>" in own.text
    assert 'name="decision"' in own.text
    assert "Approved; answered before the posts were changed" in other.text
    (request,) = world.call("GET", f"{path}/approvals").json["items"]
    assert next((r["answer"], r["outdated"]) for r in request["reviewers"]) == ("approved", True)
    again = Form(own.text).hidden["contentHash"]
    assert "Your answer counts" in waiting.send({"decision": "approved", "contentHash": again}, ada).text
