"""What the reviewers' answers come to, and whose answers count: those for the posts as they are shown (ADR 68)."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lambdas.domain.models.approval import Approval, Decision, MadeDecision, PostDecision, PostVerdict, Quorum, Vote
from lambdas.domain.models.campaign import ApprovalPolicy, OnTimeout
from lambdas.domain.models.post import Post

BEFORE_AN_EDIT = ""
"""``contentHash`` of a vote for posts that were edited since, of which nobody knows what they were."""


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
    answers = [vote.decision for vote in votes if vote.email in reviewers and approval.counts(vote)]
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


def with_hashes(approval: Approval, posts: Iterable[Post]) -> Approval:
    """A request whose votes all say what they were given for. Those that do not say (of an older version) were given
    for what is shown now if no post was edited since. ``posts`` are read only where they are needed."""
    if not approval.content_hash or all(vote.content_hash is not None for vote in approval.votes):
        return approval
    edited = max((post.edit.at for post in posts if post.edit), default=None)

    def hashed(vote: Vote) -> Vote:
        if vote.content_hash is not None:
            return vote
        same = edited is None or vote.at > edited
        return vote.model_copy(update={"content_hash": approval.content_hash if same else BEFORE_AN_EDIT})

    return approval.model_copy(update={"votes": tuple(hashed(vote) for vote in approval.votes)})


def shown_anew(approval: Approval, shown: str, policy: ApprovalPolicy) -> Approval:
    """The request after an edit, which asks about ``shown``. A vote that does not say what for was given before it."""
    votes = tuple(
        vote.model_copy(update={"content_hash": BEFORE_AN_EDIT}) if vote.content_hash is None else vote
        for vote in approval.votes
    )
    return asked_anew(approval.model_copy(update={"content_hash": shown, "votes": votes}), policy)


def asked_anew(approval: Approval, policy: ApprovalPolicy) -> Approval:
    """Whose answer does not count any more is owed a mail, unless they have had one since or their links were revoked.

    A second stage waits until the first has agreed to what is shown now.
    """
    changed = _at_its_stage(approval, policy)
    # In layout 0 ``owed`` lies beside the record, and is lost when an older execution writes that.
    owed = {"owed": "approval"} if approval.layout else {"invited_at": None}
    for reviewer in changed.reviewers:
        vote = changed.vote_of(reviewer.email)
        if vote is None:  # asked too early: they are mailed when it is their turn again
            again = changed.stage < reviewer.stage <= approval.stage
        else:
            again = not changed.counts(vote) and (reviewer.invited_at is None or reviewer.invited_at <= vote.at)
        if again and reviewer.invited_at and not reviewer.revoked:
            changed = changed.with_reviewer(reviewer.email, mail_tries=0, mail_after=None, **owed)
    return changed


def _at_its_stage(approval: Approval, policy: ApprovalPolicy) -> Approval:
    if all(reviewer.stage == 1 for reviewer in approval.reviewers):
        return approval
    first = approval.model_copy(update={"stage": 1, "quorum": _quorum(approval, policy, 1)})
    if not tally(first, first.votes).next_stage:
        return first
    return approval.model_copy(update={"stage": 2, "quorum": _quorum(approval, policy, 2)})


def _quorum(approval: Approval, policy: ApprovalPolicy, stage: int) -> Quorum | int:
    """Of a stage; once others were added because nobody had answered in time, the first answer decides."""
    added = {r.email for r in approval.reviewers if r.stage == stage} & set(policy.escalate_to)
    if approval.extended and policy.on_timeout is OnTimeout.ESCALATE and added:
        return Quorum.ONE
    return policy.quorum if stage == 1 else approval.next_quorum


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
