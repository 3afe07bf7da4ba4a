"""The data passed between the states of BUILD: ids and counts, never posts."""

import json
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from lambdas.domain.ids import CallbackId, CampaignIdField, CampaignKey, CorrelationIdField, TaskToken, TenantIdField
from lambdas.domain.models.base import Model, Moment
from lambdas.domain.models.campaign import CampaignStatus, PostCounts
from lambdas.domain.models.post import Batch


class ExecutionStatus(StrEnum):
    """The engine's own words."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    ABORTED = "ABORTED"
    TIMED_OUT = "TIMED_OUT"
    PENDING_REDRIVE = "PENDING_REDRIVE"


class BuildInput(Model):
    """Input of the BUILD execution."""

    tenant_id: TenantIdField
    campaign_id: CampaignIdField
    correlation_id: CorrelationIdField

    @property
    def key(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.campaign_id)


class Attempt(Model):
    """The attempt, as described by Step Functions' context object."""

    execution_arn: str
    execution_name: str
    state_name: str
    retry_count: Annotated[int, Field(ge=0)] = 0
    entered_at: Moment


class ManifestLocation(Model):
    """Where PlanPosts put the map's items."""

    bucket: str
    key: str


class StatusResult(Model):
    """Result of a step that changes the campaign's status: the new status."""

    status: CampaignStatus
    counts: PostCounts | None = None


class PlanResult(Model):
    """Result of PlanPosts. The map reads its manifest and its concurrency."""

    manifest: ManifestLocation
    total_posts: int
    batches: int
    map_concurrency: Annotated[int, Field(ge=1)]
    """Concurrent children, so that ``children × posts in a batch`` stays within the campaign's limit."""
    tolerated_failure_percentage: Annotated[float, Field(ge=0, le=100)]
    """Read by the map of older executions; newer ones tolerate every failed batch."""
    revision: Annotated[int, Field(ge=0)] = 0
    """The revision of the campaign that this plan is for; later steps of an earlier revision change nothing."""


class BatchResult(Model):
    """Result of one batch; the map discards it, because the table has the posts."""

    batch_id: int
    completed: int
    failed: int
    skipped: int


class Decision(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    NEEDS_REVISION = "needs_revision"


class ApprovalOutcome(Model):
    """What the workflow is resumed with."""

    callback_id: CallbackId
    decision: Decision | Literal["expired"]


class ApprovalState(Model):
    """``ApprovalOutcome``; if the wait timed out, ``expired``, or ``ask_again`` while there is time left."""

    callback_id: CallbackId | None = None
    decision: Decision | Literal["expired", "ask_again"]


class CaughtError(Model):
    """What a Catch passes on (with the engine's own spelling)."""

    error: Annotated[str, Field(alias="Error")]
    cause: Annotated[str, Field(alias="Cause")] = ""


def message_in(cause: str) -> str:
    """The exception's message in the cause of a failed task.

    Lambda reports an exception as JSON, which the engine cuts at 32,768 characters; other causes are text already.
    """
    try:
        parsed = json.loads(cause)
    except ValueError:
        return cause
    message = parsed.get("errorMessage") if isinstance(parsed, dict) else None
    return cause if message is None else str(message)


class BuildState(BuildInput):
    """The state of a BUILD execution, to which each step adds."""

    plan: PlanResult | None = None
    approval: ApprovalState | None = None
    error: CaughtError | None = None


class TaskEvent(Model):
    """What every task receives: the state so far, and which attempt this is."""

    input: BuildInput
    attempt: Attempt

    @property
    def key(self) -> CampaignKey:
        return self.input.key


class StepEvent(TaskEvent):
    """Event of a step of BUILD."""

    input: BuildState

    @property
    def revision(self) -> int:
        """The campaign's revision this step belongs to."""
        return self.input.plan.revision if self.input.plan else 0


class BatchInput(BuildInput):
    """Input of one child execution of the map."""

    batch: Batch


class GenerateBatchEvent(TaskEvent):
    """Event of one child execution's only state."""

    input: BatchInput


class RequestApprovalEvent(StepEvent):
    """Event of the step that waits for a person."""

    task_token: TaskToken
