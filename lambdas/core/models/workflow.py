"""What travels between the states of BUILD: ids and counts, never posts."""

from typing import Annotated

from pydantic import Field

from lambdas.core.ids import CallbackId, CampaignIdField, CorrelationIdField, TaskToken, TenantIdField
from lambdas.core.models.approval import Decision
from lambdas.core.models.base import Model, Moment
from lambdas.core.models.campaign import CampaignStatus, PostCounts
from lambdas.core.models.post import Batch


class BuildInput(Model):
    """Input of the BUILD execution."""

    tenant_id: TenantIdField
    campaign_id: CampaignIdField
    correlation_id: CorrelationIdField


class Attempt(Model):
    """The engine's own account of the attempt, from the context object."""

    execution_arn: str
    execution_name: str
    state_name: str
    retry_count: Annotated[int, Field(ge=0)] = 0
    entered_at: Moment


class StepEvent(BuildInput):
    """What every step is given: which campaign, and which attempt this is."""

    attempt: Attempt


class ManifestLocation(Model):
    """Where PlanPosts put the map's items."""

    bucket: str
    key: str


class ValidatedCampaign(Model):
    """Result of ValidateCampaign."""

    post_count: int


class SavedCampaign(Model):
    """Result of SaveCampaign."""

    status: CampaignStatus


class PlanResult(Model):
    """Result of PlanPosts. The map reads all of it."""

    manifest: ManifestLocation
    total_posts: int
    batches: int
    map_concurrency: Annotated[int, Field(ge=1)]
    """Children at once, so that ``children × posts in a batch`` stays within the campaign's limit."""
    tolerated_failure_percentage: Annotated[float, Field(ge=0, le=100)]


class GenerateBatchEvent(StepEvent):
    batch: Batch


class BatchResult(Model):
    """Result of one batch; the map throws it away and the table keeps the truth."""

    batch_id: int
    completed: int
    failed: int
    skipped: int


class AggregateResult(Model):
    """Result of AggregateResults."""

    counts: PostCounts


class RequestApprovalEvent(StepEvent):
    task_token: TaskToken


class ApprovalOutcome(Model):
    """What the workflow is resumed with."""

    callback_id: CallbackId
    decision: Decision


class CompleteCampaignEvent(StepEvent):
    approval: ApprovalOutcome


class CompletedCampaign(Model):
    """Result of CompleteCampaign: how the campaign ended."""

    status: CampaignStatus


class CaughtError(Model):
    """What a Catch hands over (the engine's own spelling)."""

    error: Annotated[str, Field(alias="Error")]
    cause: Annotated[str, Field(alias="Cause")] = ""


class RecordFailureEvent(StepEvent):
    error: CaughtError
    failed_step: str | None = None
