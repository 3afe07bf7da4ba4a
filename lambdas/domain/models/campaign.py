"""A campaign: the brief it starts from, the record kept of it, and the statuses it goes through."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    Field,
    HttpUrl,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic.functional_serializers import PlainSerializer

from lambdas.domain.ids import BrandIdField, CampaignIdField, CampaignKey, CorrelationId, PersonaIdField, TenantIdField
from lambdas.domain.models.base import Email, Integer, Model, Moment
from lambdas.domain.models.brand import Configuration, KeyMessageField, LanguageTag, Line, Paragraph
from lambdas.domain.models.schedule import MAX_POSTS, Deadline, Schedule
from lambdas.domain.platforms import Platform

MAX_BATCH = 10
POSTS_PER_MESSAGE = 12  # one that heads more has to say the same in other words too often
MAX_BRIEF_BYTES = 262_144
"""The Step Functions payload quota (2026-06, docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Url = Annotated[HttpUrl, PlainSerializer(str, return_type=str)]


class CampaignStatus(StrEnum):
    QUEUED = "queued"
    PLANNING = "planning"
    GENERATING = "generating"
    AWAITING_APPROVAL = "awaiting_approval"
    NEEDS_REVISION = "needs_revision"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    FAILED = "failed"
    STOPPED = "stopped"
    DELETING = "deleting"


class Product(Model):
    """What the campaign is about."""

    name: Name
    description: Paragraph
    url: Url | None = None


class Generation(Model):
    """How the posts are written: how many at once, and how many may fail."""

    max_concurrency: Annotated[Integer, Field(ge=1, le=1_000)] = 20
    """Posts in flight at any moment."""
    batch_size: Annotated[Integer, Field(ge=1, le=MAX_BATCH)] = MAX_BATCH
    """Posts one Lambda invocation writes."""
    tolerated_failure_percentage: Annotated[float, Field(ge=0, le=100, strict=True)] = 5.0


class OnTimeout(StrEnum):
    """What silence means."""

    REJECT = "reject"  # the campaign expires
    APPROVE = "approve"  # the posts are approved as shown
    EXTEND = "extend"  # the same reviewers get the same time once more, then it expires
    ESCALATE = "escalate"  # ``escalateTo`` get the same time, then it expires


class Quorum(StrEnum):
    """How many reviewers of a stage it takes; a number stands for "so many of them"."""

    ONE = "one"  # the first answer decides, whatever it is
    ALL = "all"


def _quorum(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
    try:
        return parse(value)
    except ValidationError:
        raise ValueError(f"must be 'one', 'all' or a whole number from 1 to {MAX_REVIEWERS}") from None


def _reachable(quorum: Quorum | int, info: ValidationInfo) -> Quorum | int:
    """By the reviewers, which are the model's field before it."""
    reviewers = info.data.get("reviewers")
    if reviewers and isinstance(quorum, int) and quorum > len(reviewers):
        raise ValueError(f"{quorum} cannot agree where {len(reviewers)} {'is' if len(reviewers) == 1 else 'are'} asked")
    return quorum


def _distinct_addresses(reviewers: tuple[str, ...]) -> tuple[str, ...]:
    lowered = [address.lower() for address in reviewers]
    if len(set(lowered)) != len(lowered):
        raise ValueError("each reviewer may be named once")
    return reviewers


MAX_REVIEWERS = 20
Reviewers = Annotated[
    tuple[Email, ...], Field(min_length=1, max_length=MAX_REVIEWERS), AfterValidator(_distinct_addresses)
]
QuorumField = Annotated[
    Quorum | Annotated[int, Field(ge=1, le=MAX_REVIEWERS)], WrapValidator(_quorum), AfterValidator(_reachable)
]


def _for_escalation(addresses: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    if (info.data.get("on_timeout") is OnTimeout.ESCALATE) != bool(addresses):
        raise ValueError("belongs to onTimeout escalate, which needs at least one address")
    return addresses


class SecondStage(Model):
    """Who has to agree once the first reviewers have."""

    reviewers: Reviewers
    quorum: QuorumField = Quorum.ONE


class QuietHours(Model):
    """No reminder is mailed in these hours of the schedule's time zone; ``start`` may be later than ``end``."""

    start: Annotated[int, Field(ge=0, le=23)]
    end: Annotated[int, Field(ge=0, le=23)]


MAX_REVISIONS, MAX_TIMEOUT_HOURS = 20, 168


class ApprovalPolicy(Model):
    """Who decides, in what time, and what silence means."""

    reviewers: Reviewers
    quorum: QuorumField = Quorum.ONE
    """``one``: the first answer decides. ``all`` or a number: so many have to approve, and as soon as they cannot any
    more the campaign goes back for revision if one of those against asked for that, and is rejected otherwise."""
    second_stage: SecondStage | None = None
    max_revisions: Annotated[int, Field(ge=0, le=MAX_REVISIONS)] = 3
    timeout_hours: Annotated[int, Field(ge=1, le=MAX_TIMEOUT_HOURS)] = MAX_TIMEOUT_HOURS
    on_timeout: OnTimeout = OnTimeout.REJECT
    escalate_to: Annotated[
        tuple[Email, ...],
        Field(max_length=MAX_REVIEWERS, validate_default=True),
        AfterValidator(_distinct_addresses),
        AfterValidator(_for_escalation),
    ] = ()
    remind_after_hours: Annotated[tuple[Annotated[int, Field(ge=1, le=336)], ...], Field(max_length=10)] = (24, 72)
    quiet_hours: QuietHours | None = None
    notify: Annotated[tuple[Email, ...], Field(min_length=1, max_length=10)] | None = None
    """Who is mailed what becomes of the campaign. Left out: the tenant's ``notify``, or whoever started it."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        named = [*self.reviewers, *(self.second_stage.reviewers if self.second_stage else ()), *self.escalate_to]
        _distinct_addresses(tuple(named))
        return self


class CampaignBrief(Model, defer_build=False):
    """The body of ``POST /campaigns`` and the ``campaign`` of a direct invocation."""

    campaign_id: CampaignIdField | None = None
    """Chosen by the caller to make a repeat harmless; a new ULID where absent."""
    name: Name
    product: Product
    goal: Paragraph
    audience: Paragraph
    key_messages: Annotated[tuple[KeyMessageField, ...], Field(min_length=1, max_length=20)]
    """What the posts say, each as a string or with its kind and last day."""
    call_to_action: Line
    brand_id: BrandIdField
    persona_ids: Annotated[tuple[PersonaIdField, ...], Field(min_length=1, max_length=20)]
    platforms: Annotated[tuple[Platform, ...], Field(min_length=1, max_length=len(Platform))]
    language: LanguageTag = "en"
    post_count: Annotated[Integer, Field(ge=1, le=MAX_POSTS)] | None = None
    schedule: Schedule
    deadline: Deadline | None = None
    """Until when people can do what the campaign asks for; a date is the end of that day. No post hurries after it."""
    generation: Generation = Generation.model_construct()
    approval: ApprovalPolicy

    @field_validator("persona_ids", "platforms")
    @classmethod
    def _distinct(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(values)) != len(values):
            raise ValueError("each may be named once")
        return values

    def deadline_utc(self) -> datetime | None:
        return self.schedule.to_utc(self.deadline) if self.deadline else None

    def starting(self, moment: datetime) -> Self:
        """The brief as it is planned from ``moment`` on: of a window that began before, only the rest is left."""
        if self.schedule.start_utc() >= moment:
            return self
        return self.model_copy(update={"schedule": self.schedule.model_copy(update={"start": moment})})


class Cause(Model):
    """One link of the chain behind a failure."""

    error: str
    """Class name, or the engine's name for it."""
    message: str


class Failure(Model):
    """Why a campaign (or a step, or a post's batch) failed, as kept on its record."""

    code: str
    message: str
    at: Moment
    retryable: bool
    step: str | None = None
    causes: tuple[Cause, ...] = ()
    """What lies behind it, outermost first."""
    correlation_id: str | None = None
    execution_url: str | None = None
    """The execution in the AWS console."""
    next_step: str | None = None
    """What a person can do about it, in a sentence."""


class PostCounts(Model):
    """Posts of a campaign by status. ``total = planned + generating + completed + failed + dropped``."""

    total: int = 0
    planned: int = 0
    generating: int = 0
    completed: int = 0
    failed: int = 0
    dropped: int = 0
    """Written, and taken out by a person."""


class Notice(Model):
    """Something about a field of a brief that was accepted, and that its author should know."""

    field: str
    message: str


class Campaign(Model, defer_build=False):
    """The record of a campaign (``SK = CAMPAIGN``)."""

    tenant_id: TenantIdField
    campaign_id: CampaignIdField
    status: CampaignStatus
    brief: CampaignBrief
    correlation_id: CorrelationId
    created_at: Moment
    updated_at: Moment
    created_by: str
    execution_arn: str | None = None
    hours_by_platform: bool = False  # accepted by an older version: every day from 08:00 to 20:00
    configured_at: Moment | None = None
    """When SaveCampaign kept the configuration, which is an item of its own (``SK = CAMPAIGN#CONFIGURATION``)."""
    configuration: Configuration | None = None
    """Only where it was asked for (``CampaignStore.get_configured``). Version 0.3 and older kept it on the record."""
    counts: PostCounts = PostCounts.model_construct()
    """Set by PlanPosts (total) and AggregateResults (the rest)."""
    error: Failure | None = None
    revision: Annotated[int, Field(ge=0)] = 0
    """How many times posts went back; set by RevisePosts."""
    needs_person: Annotated[int, Field(ge=0)] = 0  # how many ``Post.needs_person``; set by AggregateResults
    content_hash: str | None = None
    """Of the posts when AggregateResults last read them; they change only while reviewers are asked."""
    approved_content_hash: str | None = None
    """Set by CompleteCampaign: nothing else may ever be sent for this campaign."""
    stopped_by: str | None = None
    """Who cancelled it."""
    removed_from: Moment | None = None
    """Of a campaign that is being deleted: from when on nobody can still be writing something that belongs to it."""

    @property
    def is_configured(self) -> bool:
        """Whether SaveCampaign has kept its brand and personas."""
        return self.configured_at is not None or self.configuration is not None

    @property
    def planned_brief(self) -> CampaignBrief:
        """The brief with the days and hours by which this campaign is planned."""
        before = {"schedule": self.brief.schedule.as_before()}
        return self.brief if self.hours_by_platform else self.brief.model_copy(update=before)

    @property
    def plans_from(self) -> datetime:
        """The earliest time of a post: the window's start, or when the campaign was saved if that was later."""
        start = self.brief.schedule.start_utc()
        if self.configured_at is None and self.configuration is not None:
            return start  # planned by version 0.3 or older, which went by the start alone
        return max(start, self.configured_at or self.created_at)

    @property
    def key(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.campaign_id)

    def notices(self) -> tuple[Notice, ...]:
        """What is done otherwise than the brief says, or cannot be done well."""
        found = []
        if self.plans_from > self.brief.schedule.start_utc():
            said = f"is in the past; posts are planned from {self.brief.schedule.told(self.plans_from)}"
            found.append(Notice(field="schedule.start", message=said))
        messages, posts = len(self.brief.key_messages), self.brief.post_count or 0
        if posts > POSTS_PER_MESSAGE * messages:
            said = f"{messages} for {posts} posts: they will be alike; name more messages, or want fewer posts"
            found.append(Notice(field="keyMessages", message=said))
        return tuple(found)
