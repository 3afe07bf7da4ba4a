"""A campaign: the brief it starts from, the record kept of it, and the statuses it goes through."""

from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    EmailStr,
    Field,
    HttpUrl,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.functional_serializers import PlainSerializer

from lambdas.core.ids import BrandIdField, CampaignIdField, CorrelationId, PersonaIdField, TenantIdField
from lambdas.core.models.approval import Quorum
from lambdas.core.models.base import Day, Integer, Model, Moment, WallTime
from lambdas.core.models.brand import Brand, LanguageTag, Line, Paragraph, Persona
from lambdas.core.platforms import Platform

MAX_POSTS = 10_000
MAX_BATCH = 10
MAX_BRIEF_BYTES = 262_144
"""The Step Functions payload quota (2026-06, docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""

_FIRST_YEAR, _LAST_YEAR = 2000, 2999
"""Away from the ends of the calendar, where a time zone's offset leads out of it."""

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


class Product(Model):
    """What the campaign is about."""

    name: Name
    description: Paragraph
    url: Url | None = None


class Cadence(Model):
    """How often to post when the brief does not say how many posts it wants."""

    posts: Annotated[Integer, Field(ge=1, le=1_000)]
    per: Literal["day", "week"] = "day"


class Schedule(Model):
    """The window of the campaign. Times without an offset are wall-clock times in ``timeZone``."""

    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    start: WallTime
    end: WallTime
    cadence: Cadence = Cadence(posts=1, per="day")
    blackout_dates: Annotated[tuple[Day, ...], Field(max_length=366)] = ()
    holiday_country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    """ISO 3166-1 country whose public holidays get no posts."""

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        if zone not in _time_zones():
            raise ValueError(f"there is no time zone {zone!r} in the IANA database; use a name like Europe/Berlin")
        return zone

    @field_validator("start", "end")
    @classmethod
    def _in_our_time(cls, moment: datetime) -> datetime:
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise ValueError(f"the year must be between {_FIRST_YEAR} and {_LAST_YEAR}")
        return moment

    @field_validator("end")
    @classmethod
    def _end_after_start(cls, end: datetime, info: ValidationInfo) -> datetime:
        start, zone = info.data.get("start"), info.data.get("time_zone", "UTC")
        if isinstance(start, datetime) and _utc(end, zone) <= _utc(start, zone):
            raise ValueError("the end must be after the start")
        return end

    def start_utc(self) -> datetime:
        return _utc(self.start, self.time_zone)

    def end_utc(self) -> datetime:
        return _utc(self.end, self.time_zone)


@cache
def _time_zones() -> frozenset[str]:
    """Looked up once: it reads the whole zone database from disk, and every read of a campaign asks for it."""
    return frozenset(available_timezones())


def _utc(moment: datetime, zone: str) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


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
    APPROVE = "approve"  # the posts go out as shown
    EXTEND = "extend"  # the same reviewers get the same time once more, then it expires
    ESCALATE = "escalate"  # ``escalateTo`` get the same time, then it expires


def _distinct_addresses(reviewers: tuple[str, ...]) -> tuple[str, ...]:
    lowered = [address.lower() for address in reviewers]
    if len(set(lowered)) != len(lowered):
        raise ValueError("each reviewer may be named once")
    return reviewers


Reviewers = Annotated[tuple[EmailStr, ...], Field(min_length=1, max_length=20), AfterValidator(_distinct_addresses)]
QuorumField = Quorum | Annotated[int, Field(ge=1, le=20)]


class SecondStage(Model):
    """Who has to agree once the first reviewers have."""

    reviewers: Reviewers
    quorum: QuorumField = Quorum.ONE

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        _check_quorum(self.quorum, self.reviewers)
        return self


class QuietHours(Model):
    """No reminder is mailed in these hours of the schedule's time zone; ``start`` may be later than ``end``."""

    start: Annotated[int, Field(ge=0, le=23)]
    end: Annotated[int, Field(ge=0, le=23)]


MAX_REVISIONS = 20
MAX_TIMEOUT_HOURS = 168


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
    escalate_to: Annotated[tuple[EmailStr, ...], Field(max_length=20), AfterValidator(_distinct_addresses)] = ()
    remind_after_hours: Annotated[tuple[Annotated[int, Field(ge=1, le=336)], ...], Field(max_length=10)] = (24, 72)
    quiet_hours: QuietHours | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _check_quorum(self.quorum, self.reviewers)
        if (self.on_timeout is OnTimeout.ESCALATE) != bool(self.escalate_to):
            raise ValueError("escalateTo goes with onTimeout escalate, and needs at least one address")
        named = [*self.reviewers, *(self.second_stage.reviewers if self.second_stage else ()), *self.escalate_to]
        _distinct_addresses(tuple(named))
        return self


def _check_quorum(quorum: Quorum | int, reviewers: tuple[str, ...]) -> None:
    if isinstance(quorum, int) and quorum > len(reviewers):
        raise ValueError(f"a quorum of {quorum} cannot be reached by {len(reviewers)} reviewers")


class CampaignBrief(Model):
    """The body of ``POST /campaigns`` and the ``campaign`` of a direct invocation."""

    campaign_id: CampaignIdField | None = None
    """Chosen by the caller to make a repeat harmless; a new ULID where absent."""
    name: Name
    product: Product
    goal: Paragraph
    audience: Paragraph
    key_messages: Annotated[tuple[Line, ...], Field(min_length=1, max_length=20)]
    call_to_action: Line
    brand_id: BrandIdField
    persona_ids: Annotated[tuple[PersonaIdField, ...], Field(min_length=1, max_length=20)]
    platforms: Annotated[tuple[Platform, ...], Field(min_length=1, max_length=len(Platform))]
    language: LanguageTag = "en"
    post_count: Annotated[Integer, Field(ge=1, le=MAX_POSTS)] | None = None
    schedule: Schedule
    generation: Generation = Generation()
    approval: ApprovalPolicy

    @field_validator("persona_ids", "platforms")
    @classmethod
    def _distinct(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(values)) != len(values):
            raise ValueError("each may be named once")
        return values

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.model_dump_json().encode()) > MAX_BRIEF_BYTES:
            raise ValueError(f"the brief is over {MAX_BRIEF_BYTES} bytes")
        return self


class Configuration(Model):
    """The brand and personas as they were when the campaign was saved: later edits do not reach it."""

    brand: Brand
    personas: tuple[Persona, ...]


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
    """Posts of a campaign by status. ``total = planned + generating + completed + failed``."""

    total: int = 0
    planned: int = 0
    generating: int = 0
    completed: int = 0
    failed: int = 0


class Campaign(Model):
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
    configuration: Configuration | None = None
    """Set by SaveCampaign."""
    counts: PostCounts = PostCounts()
    """Set by PlanPosts (total) and AggregateResults (the rest)."""
    error: Failure | None = None
    revision: Annotated[int, Field(ge=0)] = 0
    """How many times posts went back; set by RevisePosts."""
    content_hash: str | None = None
    """Of the posts when AggregateResults last read them; they change only while reviewers are asked."""
    approved_content_hash: str | None = None
    """Set by CompleteCampaign: nothing else may ever be sent for this campaign."""
