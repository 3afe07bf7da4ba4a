"""Answers of any size that a form can carry: kept beside the request, which stays small."""

from typing import Any

import pytest

from lambdas.adapters.table import keys
from lambdas.domain.approval import sent_back
from lambdas.domain.errors import ConflictError, DependencyUnavailableError, PayloadTooLargeError
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.approval import Approval, PostDecision, PostVerdict, Reviewer
from lambdas.domain.models.campaign import Quorum
from lambdas.domain.models.workflow import Decision
from lambdas.domain.record_size import fits, record_bytes
from lambdas.ports.table import Prefix
from lambdas.services.approval_links import OpenLink
from lambdas.services.decisions import (
    MAX_ANSWER_BYTES,
    MAX_JOINED_COMMENTS,
    MAX_POSTS_BYTES,
    RESUME_GRACE,
    Choice,
    decide,
)
from lambdas.services.inviting import LINKS_KEPT
from lambdas.services.notify import REASON_CHARS
from tests.fakes import MemoryEngine
from tests.support.faults import replaced
from tests.support.waiting import Waiting, nothing_happened


def said(waiting: Waiting, posts: int, length: int) -> tuple[PostDecision, ...]:
    return tuple(
        PostDecision(
            post_id=post_id_for(waiting.key.campaign_id, n), verdict=PostVerdict.CHANGE, comment=f"{n}" + "ü" * length
        )
        for n in range(posts)
    )


def answer(waiting: Waiting, posts: tuple[PostDecision, ...], number: int = 0, comments: str = "Nearly") -> Approval:
    link = OpenLink(waiting.stored(), waiting.stored().reviewers[number])
    return decide(link, Choice(Decision.NEEDS_REVISION, comments, None, posts), waiting.world)


def test_a_form_of_hundreds_of_long_comments_decides(make_waiting: Any) -> None:
    """It was accepted up to a megabyte, and then the table refused the record."""
    waiting = make_waiting(260)
    form = {"decision": "needs_revision"}
    for number in range(1, 261):
        form |= {f"verdict-{number}": "change", f"comment-{number}": "x" * 1_900}
    reply = waiting.send(form)
    assert reply.status == 200
    assert "260" in reply.text
    stored = waiting.stored()
    assert stored.decision
    assert (stored.decision.posts, stored.decision.posts_in_votes) == ((), 260)
    assert record_bytes(stored.to_record()) < 20_000
    back = sent_back(stored.decision, waiting.world.approvals.votes(stored))
    assert [len(post.comment) for post in back] == [1_900] * 260


def test_a_few_posts_stay_with_the_decision_where_older_versions_look_for_them(waiting: Waiting) -> None:
    posts = said(waiting, 3, 100)
    made = answer(waiting, posts).decision
    assert made
    assert (made.posts, made.posts_in_votes) == (posts, 0)


def test_an_answer_that_is_too_large_is_refused_with_its_field_and_changes_nothing(make_waiting: Any) -> None:
    waiting = make_waiting(400)
    before = waiting.stored()
    with pytest.raises(PayloadTooLargeError) as refused:
        answer(waiting, said(waiting, 400, 1_990))
    assert (refused.value.status, refused.value.errors[0].field) == (413, "posts")
    assert waiting.stored() == before
    assert said_of(waiting) == set()
    nothing_happened(waiting)


def said_of(waiting: Waiting) -> set[str]:
    """The votes of which words are kept beside the request."""
    found = waiting.world.table.query(keys.campaign_partition(waiting.stored().key), Prefix(keys.VOTES))
    return {item["vote"] for item in found}


def test_an_answer_that_is_overtaken_leaves_nothing_behind(waiting: Waiting) -> None:
    """Somebody else decides in the moment between what was said and the vote."""
    approvals = waiting.world.approvals
    amend = approvals.amend

    def overtaken(approval: Approval, **more: Any) -> Approval:
        approvals.amend = amend
        answer(waiting, said(waiting, 3, 10))
        return amend(approval, **more)

    approvals.amend = overtaken
    with pytest.raises(ConflictError):
        answer(waiting, said(waiting, 3, 20), 1)
    (first,) = waiting.stored().votes
    assert said_of(waiting) == {first.words}


def test_the_largest_request_there_can_be_fits_an_item(make_waiting: Any) -> None:
    """Sixty reviewers with addresses, reasons and links of the longest, and twenty answers that say all they can."""
    waiting = make_waiting(230)
    email = "{}@" + "d" * 60 + "." + "e" * 60 + ".example.com"
    h = "a" * 64
    reviewers = tuple(
        Reviewer(
            email=email.format("l" * 58 + f"{n:02d}"),
            nonce_hash=h,
            earlier_hashes=(h,) * LINKS_KEPT,
            stage=1 + n // 40,
            invited_at=waiting.world.clock.now(),
            unreachable="ü" * REASON_CHARS,
            slack="failed: " + "ü" * REASON_CHARS,
        )
        for n in range(60)
    )
    changes = {"reviewers": reviewers, "quorum": Quorum.ALL, "revisions_left": 1, "revoked_hashes": (h,) * 500}
    waiting.world.approvals.amend(waiting.stored().model_copy(update=changes))
    for number in range(1, 39):
        link = OpenLink(waiting.stored(), waiting.stored().reviewers[number])
        decide(link, Choice(Decision.APPROVED, "ü" * 5_000, None), waiting.world)
    posts = said(waiting, 230, 1_990)
    assert MAX_POSTS_BYTES < sum(len(post.comment.encode()) for post in posts) < MAX_ANSWER_BYTES
    stored = answer(waiting, posts, comments="ü" * 5_000)
    assert stored.decision
    assert stored.decision.posts_in_votes == 230
    assert len(stored.decision.comments) <= MAX_JOINED_COMMENTS
    assert fits(stored.to_record())


def test_who_has_answered_sees_what_they_said(waiting: Waiting) -> None:
    waiting.approval = waiting.world.approvals.amend(waiting.stored().model_copy(update={"quorum": Quorum.ALL}))
    assert waiting.send({"decision": "approved", "comments": "Lovely <3"}).status == 200
    assert "Lovely &lt;3" in waiting.open().text
    assert waiting.stored().votes[0].comments == ""


def test_the_words_of_a_vote_that_counted_stay_when_nobody_waits_for_the_decision(waiting: Waiting) -> None:
    """The clock is finer than what is stored of a time, so that the vote is not the same object any more."""
    waiting.world.engine.fail(waiting.approval.task_token, "Stopped", "by hand")
    stored = answer(waiting, said(waiting, 1, 10), comments="Please be kinder")
    assert stored.decision
    assert stored.resumed_at is None, "it is kept for the execution that takes over"
    (vote,) = waiting.world.approvals.votes(waiting.stored())
    assert vote.comments == "Please be kinder"


def test_a_reviewer_who_repeats_their_own_words_resumes_a_decision_of_several(waiting: Waiting) -> None:
    """Its comments are those of both."""
    world = waiting.world
    asked = waiting.stored()
    third = Reviewer(email="third@example.com", nonce_hash="")
    world.approvals.amend(asked.model_copy(update={"quorum": 2, "reviewers": (*asked.reviewers, third)}))
    answer(waiting, said(waiting, 1, 10), 0, "Kinder")
    broken = replaced(world, engine=Unreachable())
    link = OpenLink(waiting.stored(), waiting.stored().reviewers[1])
    choice = Choice(Decision.NEEDS_REVISION, "Shorter", None, said(waiting, 1, 10))
    with pytest.raises(DependencyUnavailableError):
        decide(link, choice, broken)
    assert waiting.stored().decision
    world.clock.advance(RESUME_GRACE)
    decide(link, choice, world)
    assert [resumed.output["decision"] for resumed in world.engine.resumed] == ["needs_revision"]


def test_an_older_execution_is_told_everything_on_the_record_or_the_answer_is_refused(make_waiting: Any) -> None:
    """Its RevisePosts knows no other place, and fails the campaign over a field that it does not know."""
    waiting = make_waiting(260)
    waiting.world.approvals.amend(waiting.stored().model_copy(update={"layout": 0}))
    with pytest.raises(PayloadTooLargeError) as refused:
        answer(waiting, said(waiting, 260, 950))
    assert refused.value.errors[0].field == "posts"
    assert waiting.stored().votes == ()
    posts = said(waiting, 90, 950)  # which its record holds twice: in the vote, and in the decision
    assert sum(record_bytes(post.to_wire()) for post in posts) > MAX_POSTS_BYTES
    made = answer(waiting, posts).decision
    assert made
    assert (made.posts, made.posts_in_votes) == (posts, 0)


class Unreachable(MemoryEngine):
    def resume(self, *_: object) -> None:
        raise DependencyUnavailableError("the engine is away")
