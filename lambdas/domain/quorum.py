"""What the reviewers' answers come to."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lambdas.domain.models.approval import Approval, Decision, MadeDecision, PostDecision, PostVerdict, Quorum, Vote


class Tally(NamedTuple):
    """Where a request stands: ``decision`` is ``None`` while it is open, ``next_stage`` when others go on."""

    decision: Decision | None
    next_stage: bool = False
    reason: str | None = None


def tally(approval: Approval, votes: Sequence[Vote]) -> Tally:
    """Count the votes of the stage whose turn it is.

    ``one``: the first answer decides. ``all`` or ``m``: the stage agrees with its m-th approval. Once m approvals
    cannot be reached any more it is decided against: ``needs_revision`` if anybody asked for one, else ``rejected``.
    So with 2 of 3 one rejection leaves it open, and a second one decides.
    """
    reviewers = {reviewer.email for reviewer in approval.staged()}
    answers = [vote.decision for vote in votes if vote.email in reviewers]
    against = [answer for answer in answers if answer is not Decision.APPROVED]
    approvals = len(answers) - len(against)
    if approvals >= needed(approval.quorum, len(reviewers)):
        has_next = any(reviewer.stage > approval.stage for reviewer in approval.reviewers)
        return Tally(None, next_stage=True) if has_next else Tally(Decision.APPROVED)
    impossible = len(reviewers) - len(against) < needed(approval.quorum, len(reviewers))
    if not against or not (impossible or approval.quorum is Quorum.ONE):
        return Tally(None)
    if Decision.NEEDS_REVISION not in against:
        return Tally(Decision.REJECTED)
    if approval.revisions_left == 0:
        return Tally(Decision.REJECTED, reason="the campaign has used up its revisions")
    return Tally(Decision.NEEDS_REVISION)


def needed(quorum: Quorum | int, reviewers: int) -> int:
    """How many approvals it takes."""
    if isinstance(quorum, Quorum):
        return 1 if quorum is Quorum.ONE else reviewers
    return min(quorum, reviewers)


def sent_back(made: MadeDecision, votes: Iterable[Vote]) -> tuple[PostDecision, ...]:
    """The posts that a decision sends back; from the votes, where the decision's record could not hold them."""
    return flagged(votes) if made.posts_in_votes else made.posts


def flagged(votes: Iterable[Vote]) -> tuple[PostDecision, ...]:
    """The posts that go back, in the order of their ids: rejected if anybody rejects them, with all the comments."""
    by_post: dict[str, list[PostDecision]] = {}
    for vote in votes:
        for post in vote.posts:
            if post.verdict is not PostVerdict.APPROVE:
                by_post.setdefault(post.post_id, []).append(post)
    merged = []
    for _, said in sorted(by_post.items()):
        rejected = any(post.verdict is PostVerdict.REJECT for post in said)
        comment = "\n".join(dict.fromkeys(post.comment for post in said if post.comment))[:2_000]
        verdict = PostVerdict.REJECT if rejected else PostVerdict.CHANGE
        merged.append(PostDecision(post_id=said[0].post_id, verdict=verdict, comment=comment))
    return tuple(merged)
