"""The API's responses about requests for approval: who was asked, what they said, and what came of it."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lambdas.api.rest.views import view_of
from lambdas.domain.ids import CallbackIdField, CampaignIdField
from lambdas.domain.models.approval import (
    Approval,
    ApprovalStatus,
    ClosedBecause,
    DecisionInput,
    MailState,
    PostDecision,
    Reviewer,
    Vote,
)
from lambdas.domain.models.base import Email, Model, Moment
from lambdas.domain.models.campaign import Quorum
from lambdas.domain.models.workflow import Decision
from lambdas.domain.record_size import record_bytes
from lambdas.services.progress import Progress

if TYPE_CHECKING:
    from lambdas.domain.models.mail import News


class DecidedApproval(Model):
    """200 of ``POST /campaigns/{id}/approve``. It does not name the decider, because reviewers' addresses are not shown
    to others."""

    campaign_id: CampaignIdField
    callback_id: CallbackIdField
    decision: Decision
    comments: str
    decided_at: Moment
    status: ApprovalStatus
    """``PENDING``: the answer counts, and other reviewers still have to answer."""

    @classmethod
    def of(cls, approval: Approval, said: DecisionInput) -> "DecidedApproval":
        made = approval.decision
        return cls(
            campaign_id=approval.campaign_id,
            callback_id=approval.callback_id,
            decision=made.decision if made else said.decision,
            comments=made.comments if made else said.comments,
            decided_at=made.decided_at if made else approval.votes[-1].at,
            status=approval.status,
        )


WORDS_BYTES = 600_000
"""Of what was said about single posts, in one request: JSON in JSON may double it, and an answer has 6 MB
(docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""


class ToldView(Model):
    """A mail about a campaign to whoever runs it."""

    to: Email
    at: Moment
    mail: MailState
    reason: str | None = None

    @classmethod
    def of(cls, news: "News") -> "ToldView":
        return view_of(cls, news)


class ReviewerView(Model):
    email: Email
    stage: int
    invited_at: Moment | None = None
    answer: Decision | None = None
    answered_at: Moment | None = None
    comments: str | None = None
    """What they said about the whole."""
    posts: tuple[PostDecision, ...] = ()
    """What they said about single posts."""
    words_left_out: bool
    """They said more than an answer of the API holds."""
    outdated: bool
    """The answer was given before posts were edited, and does not count."""
    mail: MailState | None = None
    """The state of the newest mail."""
    revoked: bool
    """A manager took the links back."""
    unreachable: str | None = None
    """Why mail does not reach them."""
    slack: str | None = None


class _Words:
    """What reviewers said, until as much is shown as an answer holds."""

    def __init__(self, said: Mapping[str, Vote]) -> None:
        self._said, self._room = said, WORDS_BYTES

    def of(self, reviewer: Reviewer, approval: Approval) -> ReviewerView:
        vote = approval.vote_of(reviewer.email)
        if vote is None:
            return view_of(ReviewerView, reviewer, outdated=False, words_left_out=False)
        words = self._said.get(vote.email, vote)
        shown: list[PostDecision] = []
        for post in words.posts:
            self._room -= record_bytes(post.to_wire())
            if self._room > 0:
                shown.append(post)
        return view_of(
            ReviewerView,
            reviewer,
            answer=vote.decision,
            answered_at=vote.at,
            comments=words.comments or None,
            posts=tuple(shown),
            words_left_out=words.words is not None and (words is vote or len(shown) < len(words.posts)),
            outdated=not approval.counts(vote),
        )


class ApprovalView(Model):
    """An open or past request, without anything that opens it: who was asked, what they said, and what came of it."""

    callback_id: CallbackIdField
    round: int
    status: ApprovalStatus
    stage: int
    quorum: Quorum | int
    created_at: Moment
    expires_at: Moment
    reviewers: tuple[ReviewerView, ...]
    decision: Decision | None = None
    decided_by: str | None = None
    """The reviewer whose answer settled it; ``policy`` when nobody answered in time."""
    decided_at: Moment | None = None
    reason: str | None = None
    """Where the decision is not simply what that reviewer said."""
    expired: bool
    needs_person: int
    """Posts of which the last revision left something to a person when the reviewers were asked."""
    closed_because: ClosedBecause | None = None
    revoked: bool
    """The links of everybody who is still to answer were taken back: nobody can decide."""
    told: tuple[ToldView, ...] = ()
    """Who was mailed what was decided."""

    @classmethod
    def of(cls, approval: Approval, votes: Iterable[Vote] = (), told: "Iterable[News]" = ()) -> "ApprovalView":
        """``votes`` with all that was said, of which as much is shown as an answer holds."""
        words = _Words({vote.email: vote for vote in votes})
        made, silent = approval.decision, approval.silent()
        return view_of(
            cls,
            approval,
            reviewers=tuple(words.of(reviewer, approval) for reviewer in approval.reviewers),
            decision=made.decision if made else None,
            decided_by=made.decided_by if made else None,
            decided_at=made.decided_at if made else None,
            reason=made.reason if made else None,
            expired=made.expired if made else False,
            needs_person=approval.summary.needs_person or 0,
            revoked=not made and bool(silent) and all(reviewer.revoked for reviewer in silent),
            told=tuple(ToldView.of(news) for news in told if news.about == approval.callback_id),
        )


class ProgressView(Progress):
    approval: ApprovalView | None
    """The newest request for approval; ``null`` before there is one."""
