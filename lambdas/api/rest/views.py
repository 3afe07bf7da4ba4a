"""The API's responses: like the stored records, without internal fields."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from lambdas.domain.ids import CampaignIdField, CorrelationId
from lambdas.domain.models.base import Model, Moment
from lambdas.domain.models.campaign import Campaign, CampaignBrief, CampaignStatus, Failure, Notice, PostCounts
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

if TYPE_CHECKING:
    pass

ItemT = TypeVar("ItemT")
ViewT = TypeVar("ViewT", bound=Model)


def view_of(kind: type[ViewT], record: Model, **more: Any) -> ViewT:
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
        return view_of(cls, campaign, name=campaign.brief.name, links=CampaignLinks.of(campaign.campaign_id, root))


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
        return view_of(cls, effect)


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
        return view_of(
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
        return view_of(cls, revision)


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
        return view_of(cls, post, revision=revision, needs_person=post.needs_person, draft=post.is_draft)


class Listing(Model, Generic[ItemT]):
    """A page of a list. ``nextCursor`` is opaque, and ``null`` on the last page."""

    items: tuple[ItemT, ...]
    next_cursor: str | None


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
