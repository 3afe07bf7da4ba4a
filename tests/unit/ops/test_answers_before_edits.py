"""An answer counts for the posts it was given for: after an edit it is asked for again (ADR 68)."""

from datetime import timedelta
from typing import Any

import pytest

from lambdas.api.rest.approval_views import ApprovalView
from lambdas.domain.content_hash import content_hash
from lambdas.domain.errors import ConflictError
from lambdas.domain.models.approval import Approval, ApprovalStatus, PostDecision, PostVerdict
from lambdas.domain.models.campaign import Quorum
from lambdas.domain.models.mail import ASKING
from lambdas.domain.models.post import PostContent
from lambdas.domain.models.workflow import Decision
from lambdas.ports.paging import every
from lambdas.services.decisions import Choice, decide
from lambdas.services.editing import PostPatch, edit_post
from lambdas.services.open_requests import Place, revoke
from tests.support import samples
from tests.support.asked import Asked
from tests.support.world import World

ADA, GRACE, JOAN = "ada@example.com", "grace@example.com", "joan@example.com"


def asked(world: World, **policy: Any) -> Asked:
    """Every post is written, and the reviewers are asked about that."""
    found = Asked(world, **({"reviewers": [ADA, GRACE, JOAN], "quorum": "all", "remindAfterHours": []} | policy))
    for post in posts(world):
        content = PostContent(text=f"Text {post.index}.", generated_at=world.clock.now())
        world.posts.edit(samples.KEY, post.model_copy(update={"content": content}))
    world.approvals.amend(found.approval.model_copy(update={"content_hash": content_hash(posts(world))}))
    return found


def posts(world: World) -> list[Any]:
    return list(every(world.posts, samples.KEY))


def answer(request: Asked, who: str, decision: Decision = Decision.APPROVED, **said: Any) -> Approval:
    w = request.world
    w.clock.advance(timedelta(minutes=1))
    choice = Choice(decision, said.get("comments", ""), request.approval.content_hash, said.get("posts", ()))
    return decide(request.open(request.links()[who]), choice, w)


def edit(request: Asked, text: str, index: int = 0) -> None:
    w = request.world
    w.clock.advance(timedelta(minutes=1))
    edit_post(samples.KEY, posts(w)[index].post_id, PostPatch(text=text), "robin", w)


def mailed(request: Asked) -> list[str]:
    """Which reviewers the sweep's next tick, of what is due by itself, mails."""
    before = len(request.world.mailer.sent)
    request.world.clock.advance(timedelta(minutes=1))
    request.tend(everything=False)
    assert request.failed == []
    return [str(mail.to) for mail in request.world.mailer.sent[before:] if mail.tags["kind"] in ASKING]


def test_answers_given_before_an_edit_do_not_approve_what_came_of_it(world: World) -> None:
    request = asked(world)
    answer(request, ADA)
    answer(request, JOAN)
    deadline = request.approval.expires_at
    edit(request, "Nobody but Grace has seen this.")
    assert answer(request, GRACE).status is ApprovalStatus.PENDING
    view = {r.email: (r.answer, r.outdated) for r in ApprovalView.of(request.approval).reviewers}
    assert view == {ADA: (Decision.APPROVED, True), GRACE: (Decision.APPROVED, False), JOAN: (Decision.APPROVED, True)}
    assert sorted(mailed(request)) == [ADA, JOAN]
    assert "does not count any more" in world.mailer.sent[-1].text
    assert request.approval.expires_at == deadline
    answer(request, ADA)
    assert answer(request, JOAN).status is ApprovalStatus.DECIDED
    assert [vote.email for vote in request.approval.votes] == [GRACE, ADA, JOAN]


def test_only_who_answered_is_mailed_and_once_for_several_edits(world: World) -> None:
    request = asked(world)
    answer(request, ADA)
    edit(request, "One.")
    edit(request, "Two.", 1)
    assert mailed(request) == [ADA]
    edit(request, "Three.")
    assert mailed(request) == []
    answer(request, ADA)
    edit(request, "Four.")
    assert mailed(request) == [ADA]


def test_a_reviewer_whose_links_were_taken_back_is_not_mailed(world: World) -> None:
    request = asked(world)
    answer(request, ADA)
    answer(request, JOAN)
    edit(request, "Changed.")
    revoke(Place(samples.KEY, request.approval.callback_id), ADA, world.approvals, world.clock.now())
    assert mailed(request) == [JOAN]
    answer(request, JOAN)
    edit(request, "Changed again.")
    assert mailed(request) == [JOAN]


def test_an_edit_that_is_taken_back_lets_the_answers_count_again(world: World) -> None:
    request = asked(world)
    answer(request, ADA)
    edit(request, "A slip.")
    edit(request, "Text 0.")
    assert mailed(request) == []
    with pytest.raises(ConflictError) as refused:
        answer(request, ADA)
    assert refused.value.details == {"reason": "voted"}


def test_what_was_said_before_an_edit_is_kept_and_sends_nothing_back(world: World) -> None:
    request = asked(world, quorum=2)
    first, second = (PostDecision(post_id=p.post_id, verdict=PostVerdict.REJECT) for p in posts(world)[:2])
    answer(request, ADA, Decision.NEEDS_REVISION, comments="Warmer", posts=(first,))
    edit(request, "Warm.")
    answer(request, GRACE, Decision.NEEDS_REVISION, comments="Cooler", posts=(second,))
    assert request.approval.status is ApprovalStatus.PENDING
    assert ApprovalView.of(request.approval).reviewers[0].answer is Decision.NEEDS_REVISION
    answered = answer(request, JOAN, Decision.REJECTED)
    assert answered.decision
    assert (answered.decision.comments, answered.decision.posts) == ("Cooler", (second,))
    assert [vote.email for vote in world.approvals.votes(answered)] == [GRACE, JOAN]


def test_the_first_stage_is_asked_again_before_the_second(world: World) -> None:
    request = asked(world, reviewers=[ADA], quorum="one", secondStage={"reviewers": [GRACE, JOAN], "quorum": "all"})
    answer(request, ADA)
    assert sorted(mailed(request)) == [GRACE, JOAN]
    answer(request, GRACE)
    edit(request, "Not what Ada has passed on.")
    assert (request.approval.stage, request.approval.quorum) == (1, Quorum.ONE)
    assert mailed(request) == [ADA]
    answer(request, ADA)
    assert (request.approval.stage, request.approval.quorum) == (2, Quorum.ALL)
    assert sorted(mailed(request)) == [GRACE, JOAN]
    assert answer(request, GRACE).status is ApprovalStatus.PENDING
    assert answer(request, JOAN).status is ApprovalStatus.DECIDED


def test_the_second_stage_goes_on_when_the_edit_is_taken_back(world: World) -> None:
    request = asked(world, reviewers=[ADA], quorum="one", secondStage={"reviewers": [GRACE], "quorum": "all"})
    answer(request, ADA)
    mailed(request)
    edit(request, "A slip.")
    edit(request, "Text 0.")
    assert request.approval.stage == 2
    assert answer(request, GRACE).status is ApprovalStatus.DECIDED


def _of_an_older_version(request: Asked) -> None:
    votes = tuple(vote.model_copy(update={"content_hash": None}) for vote in request.approval.votes)
    request.world.approvals.amend(request.approval.model_copy(update={"votes": votes}))


@pytest.mark.parametrize("edited", ["by this version", "by the older one", "before the answer"])
def test_an_answer_that_does_not_say_what_for_counts_unless_a_post_was_edited_since(world: World, edited: str) -> None:
    request = asked(world, reviewers=[ADA, GRACE])
    if edited == "before the answer":
        edit(request, "Before.")
    answer(request, ADA)
    if edited == "by the older one":
        edit(request, "After.")
    _of_an_older_version(request)
    if edited == "by this version":
        edit(request, "After.")
    counts = edited == "before the answer"
    assert (answer(request, GRACE).status is ApprovalStatus.DECIDED) is counts
    assert mailed(request) == ([] if counts else [ADA])
    if not counts:
        assert answer(request, ADA).status is ApprovalStatus.DECIDED


def test_a_request_of_an_execution_that_knows_no_such_field(world: World) -> None:
    """It is stored without the hash and without ``owed``: a first mail is owed instead."""
    request = asked(world, reviewers=[ADA, GRACE])
    world.approvals.amend(request.approval.model_copy(update={"layout": 0}))
    answer(request, ADA)
    edit(request, "After.")
    ada = request.approval.reviewers[0]
    assert (ada.owed, ada.invited_at) == (None, None)
    assert mailed(request) == [ADA]


def test_an_editor_that_died_leaves_nothing_approved(world: World) -> None:
    """The sweep settles the edit: the answers of before do not count either."""
    request = asked(world, reviewers=[ADA, GRACE])
    answer(request, ADA)
    post = posts(world)[0]
    content = post.content.model_copy(update={"text": "Half an edit."})
    world.posts.edit(samples.KEY, post.model_copy(update={"content": content}))
    world.approvals.amend(request.approval.model_copy(update={"content_hash": ""}), due_at=world.clock.now())
    assert mailed(request) == [ADA]
    assert answer(request, GRACE).status is ApprovalStatus.PENDING
