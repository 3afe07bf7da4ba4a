"""The API's responses: like the stored records, without internal fields."""

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

from lambdas.domain.ids import CallbackIdField, CampaignIdField, CorrelationId
from lambdas.domain.models.approval import Approval, ApprovalStatus, DecisionInput, MailState, Reviewer
from lambdas.domain.models.base import Email, Model, Moment
from lambdas.domain.models.campaign import Campaign, CampaignBrief, CampaignStatus, Failure, Notice, PostCounts, Quorum
from lambdas.domain.models.effect import Effect, EffectStatus
from lambdas.domain.models.post import PlannedPost, Post, PostContent, PostError, PostStatus, Provenance
from lambdas.domain.models.workflow import Decision

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
    """202 of ``POST /campaigns``."""

    campaign_id: CampaignIdField
    status: CampaignStatus
    execution_arn: str
    links: CampaignLinks
    notices: tuple[Notice, ...] | None = None


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
    created_by: str
    correlation_id: CorrelationId
    execution_arn: str | None = None
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


class PostView(PlannedPost):
    """A post without its claim, which is internal."""

    index: int
    status: PostStatus
    version: int
    completed_at: Moment | None = None
    content: PostContent | None = None
    provenance: Provenance | None = None
    error: PostError | None = None

    @classmethod
    def of(cls, post: Post) -> "PostView":
        return _view(cls, post)


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


class ReviewerView(Model):
    email: Email
    stage: int
    invited_at: Moment | None = None
    answer: Decision | None = None
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
    """An open or past request, without its secrets."""

    callback_id: CallbackIdField
    round: int
    status: ApprovalStatus
    stage: int
    quorum: Quorum | int
    created_at: Moment
    expires_at: Moment
    reviewers: tuple[ReviewerView, ...]
    decision: Decision | None = None
    expired: bool

    @classmethod
    def of(cls, approval: Approval) -> "ApprovalView":
        def view(reviewer: Reviewer) -> ReviewerView:
            vote = approval.vote_of(reviewer.email)
            outdated = vote is not None and not approval.counts(vote)
            return _view(ReviewerView, reviewer, answer=vote.decision if vote else None, outdated=outdated)

        made = approval.decision
        return _view(
            cls,
            approval,
            reviewers=tuple(view(reviewer) for reviewer in approval.reviewers),
            decision=made.decision if made else None,
            expired=made.expired if made else False,
        )
