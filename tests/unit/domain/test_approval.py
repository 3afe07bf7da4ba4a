"""What the reviewers' answers come to, rule by rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.domain.approval import Tally, flagged, tally
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.approval import Approval, PostDecision, PostVerdict, Reviewer, Vote
from lambdas.domain.models.campaign import Quorum
from lambdas.domain.models.workflow import Decision
from lambdas.domain.record_size import joined
from tests.contract.samples import NOW, approval

YES, NO, AGAIN = Decision.APPROVED, Decision.REJECTED, Decision.NEEDS_REVISION
NAMES = ("ann@example.com", "bob@example.com", "cyd@example.com")


def asked(quorum: Quorum | int, *, left: int = 3, second: bool = False) -> Approval:
    reviewers = [Reviewer(email=name, nonce_hash=name) for name in NAMES]
    if second:
        reviewers.append(Reviewer(email="dot@example.com", nonce_hash="d", stage=2))
    return approval().model_copy(update={"reviewers": tuple(reviewers), "quorum": quorum, "revisions_left": left})


def test_every_voice_about_a_post_is_heard_and_together_they_say_what_one_may() -> None:
    posts = [
        PostDecision(
            post_id=post_id_for(approval().campaign_id, 0), verdict=PostVerdict.CHANGE, comment=f"{n:02d}" + "x" * 1_998
        )
        for n in range(40)
    ]
    (all_of_them,) = flagged(
        Vote(email=f"r{n}@example.com", decision=AGAIN, posts=(post,), at=NOW) for n, post in enumerate(posts)
    )
    assert [line[:2] for line in all_of_them.comment.split("\n")] == [f"{n:02d}" for n in range(40)]
    assert 1_950 < len(all_of_them.comment) <= 2_000


@given(
    st.lists(st.text(st.characters(codec="ascii", exclude_characters="\n"), max_size=60), max_size=12),
    st.integers(11, 200),
)
def test_words_that_are_joined_keep_to_the_limit_and_leave_nothing_of_it_unused(said: list[str], limit: int) -> None:
    texts = list(dict.fromkeys(filter(None, said)))
    whole = "\n".join(texts)
    assert joined(said, limit) == whole or limit - len(texts) <= len(joined(said, limit)) <= limit < len(whole)
    assert len(joined(said, limit).split("\n")) == max(1, len(texts))


def votes(*decisions: Decision) -> tuple[Vote, ...]:
    return tuple(Vote(email=name, decision=said, at=NOW) for name, said in zip(NAMES, decisions, strict=False))


@pytest.mark.parametrize(
    ("quorum", "said", "result"),
    [
        (Quorum.ONE, (YES,), YES),
        (Quorum.ONE, (NO,), NO),
        (Quorum.ONE, (AGAIN,), AGAIN),
        (Quorum.ALL, (YES, YES), None),
        (Quorum.ALL, (YES, YES, YES), YES),
        (Quorum.ALL, (YES, NO), NO),
        (Quorum.ALL, (AGAIN,), AGAIN),
        # Two of three: one rejection leaves it open, and the other two still carry it.
        (2, (NO,), None),
        (2, (NO, YES), None),
        (2, (NO, YES, YES), YES),
        (2, (YES, YES), YES),
        (2, (NO, NO), NO),
        (2, (NO, AGAIN), AGAIN),
        (2, (NO, YES, AGAIN), AGAIN),
        (3, (YES, YES, NO), NO),
    ],
)
def test_the_quorum(quorum: Quorum | int, said: tuple[Decision, ...], result: Decision | None) -> None:
    assert tally(asked(quorum), votes(*said)).decision is result


def test_without_revisions_left_asking_for_one_is_a_no_with_a_reason() -> None:
    result = tally(asked(Quorum.ONE, left=0), votes(AGAIN))
    assert result == Tally(NO, reason="the campaign has used up its revisions")


def test_the_second_stage_comes_when_the_first_agrees() -> None:
    assert tally(asked(2, second=True), votes(YES, YES)) == Tally(None, next_stage=True)
    assert tally(asked(2, second=True), votes(NO, NO)).decision is NO
    later = asked(1, second=True).model_copy(update={"stage": 2})
    last = Vote(email="dot@example.com", decision=YES, at=NOW)
    assert tally(later, (*votes(YES, YES), last)).decision is YES


def test_all_comments_on_a_post_go_along_and_a_rejection_outweighs_a_change() -> None:
    post = "01KJQ000000000000000000001"

    def vote(name: str, verdict: PostVerdict, comment: str) -> Vote:
        return Vote(
            email=name,
            decision=AGAIN,
            posts=(PostDecision.model_validate({"postId": post, "verdict": verdict, "comment": comment}),),
            at=NOW,
        )

    both = flagged([vote(NAMES[0], PostVerdict.CHANGE, "Shorter"), vote(NAMES[1], PostVerdict.REJECT, "Dull")])
    assert [(said.verdict, said.comment) for said in both] == [(PostVerdict.REJECT, "Shorter\nDull")]
    assert flagged([vote(NAMES[2], PostVerdict.APPROVE, "")]) == ()
