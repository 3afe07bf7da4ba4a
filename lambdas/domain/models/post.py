"""A post: planned by the planner, written by the generator, shown to the reviewer."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from lambdas.domain.ids import PersonaIdField, PostIdField
from lambdas.domain.models.base import Model, Moment
from lambdas.domain.platforms import Platform


class PostStatus(StrEnum):
    PLANNED = "planned"
    GENERATING = "generating"
    COMPLETED = "completed"
    FAILED = "failed"
    PUBLISHED = "published"
    PUBLISH_FAILED = "publish_failed"


class AssetRequirements(Model):
    """The picture or video a post needs; ``kind`` is ``none``, ``image`` or ``video``."""

    kind: str = "none"
    description: str | None = None
    width: int | None = None
    """Pixels."""
    height: int | None = None
    """Pixels."""


class PlannedPost(Model):
    """One line of the plan."""

    post_id: PostIdField
    persona_id: PersonaIdField
    platform: Platform
    scheduled_at: Moment
    topic: str
    intent: str
    asset_requirements: AssetRequirements = AssetRequirements.model_construct()


class PostContent(Model):
    """What a platform is given to publish."""

    text: str
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    alt_text: str | None = None
    call_to_action: str | None = None
    link: str | None = None
    subject: str | None = None
    """Email only."""
    preview: str | None = None
    """Email only: the line a mail client shows beside the subject."""
    title: str | None = None
    """Blog and YouTube only."""
    generated_at: Moment


class RuleResult(Model):
    """One brand or platform rule checked on the written text."""

    rule: str
    passed: bool
    detail: str | None = None


class Provenance(Model):
    """Where a text comes from."""

    provider: str
    model_id: str
    prompt_version: str
    prompt_hash: str
    brand_version: int
    persona_version: int
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    attempts: int = 1
    rules: tuple[RuleResult, ...] = ()


class PostError(Model):
    """Why a post failed."""

    code: str
    message: str
    retryable: bool = False
    details: dict[str, Any] | None = None


class Claim(Model):
    """Who is writing the posts of a batch. The holder's next attempt may take it over."""

    owner: str
    """Name of the child execution."""
    attempt: int
    """The engine's retry count of the task, from 0."""
    nonce: str
    """Of the delivery: the engine may deliver one attempt twice, and only one of the two may write."""
    claimed_at: Moment
    expires_at: Moment
    """From then on anybody may claim the batch."""


class Revision(Model):
    """A reviewer sent the post back."""

    number: Annotated[int, Field(ge=1)]
    """Which revision of the campaign this is, from 1."""
    instructions: str
    """The reviewers' comments: at most 2,000 characters on this post and 20,000 on the campaign."""
    fresh: bool = False
    """The text was rejected: write another one instead of changing it."""
    previous: PostContent | None = None
    """What was shown to them; ``None`` where it leaves no room for another text as large."""


class Edit(Model):
    """Somebody changed the text by hand while it waited for approval."""

    at: Moment
    by: str
    previous: PostContent
    """As it was when the reviewers were asked."""


class Post(PlannedPost, defer_build=False):
    """The record of a post (``SK = POST#<postId>``). ``version`` grows by 1 with each write."""

    index: Annotated[int, Field(ge=0)]
    batch_id: Annotated[int, Field(ge=0)]
    status: PostStatus = PostStatus.PLANNED
    version: Annotated[int, Field(ge=0)] = 0
    claim: Claim | None = None
    """Of its batch, while it is being written. Not stored with the post (``domain/batch_lease.py``)."""
    completed_at: Moment | None = None
    content: PostContent | None = None
    provenance: Provenance | None = None
    error: PostError | None = None
    revision: Revision | None = None
    edit: Edit | None = None


class Batch(Model):
    """An item of the map's manifest."""

    batch_id: Annotated[int, Field(ge=0)]
    post_ids: Annotated[tuple[PostIdField, ...], Field(min_length=1)]
