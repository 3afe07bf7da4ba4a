"""The steps of BUILD, and the checkpoint, the record that each attempt of a step leaves.

Each step has the same name as state, module, Lambda, metric dimension and checkpoint.
"""

from enum import StrEnum
from typing import Any, Final

from lambdas.domain.models.base import Model, Moment
from lambdas.domain.models.campaign import CampaignStatus, Failure

VALIDATE_CAMPAIGN: Final = "ValidateCampaign"
SAVE_CAMPAIGN: Final = "SaveCampaign"
PLAN_POSTS: Final = "PlanPosts"
GENERATE_POSTS: Final = "GeneratePosts"
AGGREGATE_RESULTS: Final = "AggregateResults"
REQUEST_APPROVAL: Final = "RequestApproval"
COMPLETE_CAMPAIGN: Final = "CompleteCampaign"

BUILD_STEPS: Final = (
    VALIDATE_CAMPAIGN,
    SAVE_CAMPAIGN,
    PLAN_POSTS,
    GENERATE_POSTS,
    AGGREGATE_RESULTS,
    REQUEST_APPROVAL,
    COMPLETE_CAMPAIGN,
)


class StepOutcome(StrEnum):
    STARTED = "started"
    """Begun but not ended: either running or killed."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Checkpoint(Model, defer_build=False):
    """One attempt of one step.

    A step that changes its campaign's status writes it in the same transaction, so that the two cannot disagree even if
    the process dies. Other steps write it when they end, and long ones also when they begin.
    """

    step_name: str
    attempt: int
    """From 0: the engine's retry count."""
    outcome: StepOutcome
    execution_arn: str
    correlation_id: str
    entered_at: Moment | None = None
    """When the engine entered the state; distinguishes visits of the same state. ``None`` in old records."""
    started_at: Moment
    ended_at: Moment | None = None
    duration_ms: float | None = None
    input: dict[str, Any] | None = None
    """Without secrets."""
    input_hash: str | None = None
    """SHA-256 of the input as canonical JSON, hexadecimal."""
    input_bytes: int | None = None
    output_hash: str | None = None
    output_bytes: int | None = None
    effect: CampaignStatus | None = None
    """The status to which this attempt changed its campaign."""
    result: dict[str, Any] | None = None
    error: Failure | None = None
