"""The API's responses: like the stored records, without internal fields."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from lambdas.domain.ids import CallbackIdField, CampaignIdField, CorrelationId
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
from lambdas.domain.models.campaign import Campaign, CampaignBrief, CampaignStatus, Failure, Notice, PostCounts, Quorum
from lambdas.domain.models.effect import Effect, EffectStatus
from lambdas.domain.models.post import (
    CommentOutcome,
    PlannedPost,
    Post,
    PostContent,
    PostError,
    PostStatus,
    Provenance,
    Revision,
)
from lambdas.domain.models.workflow import Decision
from lambdas.domain.record_size import record_bytes
from lambdas.services.progress import Progress

if TYPE_CHECKING:
    from lambdas.domain.models.mail import News

ItemT = TypeVar("ItemT")
ViewT = TypeVar("ViewT", bound=Model)


def _view(kind: type[ViewT], record: Model, **more: Any) -> ViewT:
    """The fields that ``record`` and the view have in common, and ``more``."""
    return kind(**{name: value for name, value in record if name in kind.model_fields} | more)


class CampaignLinks(Model):
    """Links to related resources."""

    self: str
    progress: str
    checkpoints: str
    graph: str
    posts: str

    @classmethod
    def of(cls, campaign_id: str, root: str) -> "CampaignLinks":
        """``root`` is the API's public URL, or empty."""
        own = f"{root}/campaigns/{campaign_id}"
        return cls(
            self=own,
            progress=f"{own}/progress",
            checkpoints=f"{own}/checkpoints",
            graph=f"{own}/graph",
            posts=f"{own}/posts",
        )


class AcceptedCampaign(Model):
    """202 of what starts a campaign, tries it again, cancels or deletes it: the rest follows in the background."""

    campaign_id: CampaignIdField
    status: CampaignStatus
    execution_arn: str
    links: CampaignLinks
    notices: tuple[Notice, ...] | None = None

    @classmethod
    def of(cls, campaign: Campaign, root: str) -> "AcceptedCampaign":
        return cls(
            campaign_id=campaign.campaign_id,
            status=campaign.status,
            execution_arn=campaign.execution_arn or "",
            links=CampaignLinks.of(campaign.campaign_id, root),
            notices=campaign.notices() or None,
        )


class CampaignItem(Model):
    """One item of ``GET /campaigns``."""

    campaign_id: CampaignIdField
    name: str
    status: CampaignStatus
    counts: PostCounts
    created_at: Moment
    updated_at: Moment
    links: CampaignLinks

    @classmethod
    def of(cls, campaign: Campaign, root: str) -> "CampaignItem":
        return _view(cls, campaign, name=campaign.brief.name, links=CampaignLinks.of(campaign.campaign_id, root))


class NotUndone(Model):
    """Something that a campaign created outside the system and that still exists: undoing it failed, and a person has
    to do it."""

    kind: str
    name: str
    target: dict[str, str]
    """What it is, or where."""
    step: str
    """The step that created it."""
    undo_attempts: int
    error: str | None = None
    settled_at: Moment | None = None

    @classmethod
    def of(cls, effect: Effect) -> "NotUndone":
        return _view(cls, effect)


class CampaignView(CampaignItem):
    """``GET /campaigns/{id}``."""

    brief: CampaignBrief
    needs_person: int
    """Posts of which the last revision left something to a person."""
    created_by: str
    correlation_id: CorrelationId
    execution_arn: str | None = None
    stopped_by: str | None = None
    """Who cancelled it."""
    error: Failure | None = None
    notices: tuple[Notice, ...] | None = None
    not_undone: tuple[NotUndone, ...] = ()
    """For a campaign that failed or was stopped: what a person has to undo."""

    @classmethod
    def of(cls, campaign: Campaign, root: str, effects: Iterable[Effect] = ()) -> "CampaignView":
        return _view(
            cls,
            campaign,
            name=campaign.brief.name,
            links=CampaignLinks.of(campaign.campaign_id, root),
            notices=campaign.notices() or None,
            not_undone=tuple(NotUndone.of(each) for each in effects if each.status is EffectStatus.NOT_UNDONE),
        )


class RevisionView(Model):
    """Of a post that reviewers sent back."""

    number: int
    """Which revision of the campaign it was, from 1."""
    fresh: bool
    """Another text was wanted in its place."""
    outcomes: tuple[CommentOutcome, ...] = ()
    """What became of each wish of their comments, once the text is written."""

    @classmethod
    def of(cls, revision: Revision) -> "RevisionView":
        return _view(cls, revision)


class PostView(PlannedPost):
    """A post without its claim, which is internal."""

    index: int
    status: PostStatus
    version: int
    completed_at: Moment | None = None
    content: PostContent | None = None
    provenance: Provenance | None = None
    error: PostError | None = None
    revision: RevisionView | None = None
    needs_person: bool = False
    """A reviewer asked for something that the writer left to a person, and nobody has edited the text since."""
    moved_from: Moment | None = None
    """When it was planned for, where a person gave it another time."""
    draft: bool = False
    """The text is a draft of the built-in writer that no person has edited: read it before anything goes out."""
    dropped: bool
    """A person took it out, and it does not go out."""

    @classmethod
    def of(cls, post: Post) -> "PostView":
        revision = RevisionView.of(post.revision) if post.revision else None
        return _view(cls, post, revision=revision, needs_person=post.needs_person, draft=post.is_draft)


class Listing(Model, Generic[ItemT]):
    """A page of a list. ``nextCursor`` is opaque, and ``null`` on the last page."""

    items: tuple[ItemT, ...]
    next_cursor: str | None


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


class ProblemField(Model):
    field: str
    message: str


class Problem(Model):
    """RFC 9457 problem details (``application/problem+json``)."""

    type: str
    title: str
    status: int
    detail: str
    errors: tuple[ProblemField, ...]
    correlation_id: str


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
        return _view(cls, news)


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
        said = {vote.email: vote for vote in votes}
        room = WORDS_BYTES

        def view(reviewer: Reviewer) -> ReviewerView:
            nonlocal room
            vote = approval.vote_of(reviewer.email)
            if vote is None:
                return _view(ReviewerView, reviewer, outdated=False, words_left_out=False)
            words = said.get(vote.email, vote)
            shown: list[PostDecision] = []
            for post in words.posts:
                room -= record_bytes(post.to_wire())
                if room > 0:
                    shown.append(post)
            return _view(
                ReviewerView,
                reviewer,
                answer=vote.decision,
                answered_at=vote.at,
                comments=words.comments or None,
                posts=tuple(shown),
                words_left_out=words.words is not None and (words is vote or len(shown) < len(words.posts)),
                outdated=not approval.counts(vote),
            )

        made, silent = approval.decision, approval.silent()
        return _view(
            cls,
            approval,
            reviewers=tuple(view(reviewer) for reviewer in approval.reviewers),
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
