"""The steps of BUILD, and the record that a step leaves of its work: its checkpoint.

One name for each step everywhere: state, folder, Lambda, metric dimension and checkpoint.
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
    """Begun and not ended: at work, or killed."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Checkpoint(Model, defer_build=False):
    """One attempt of one step.

    A step that moves its campaign writes it in the transaction that makes the move, so that the two cannot disagree
    whenever the process dies. Others write it when they end, and those that take long also when they begin.
    """

    step_name: str
    attempt: int
    """From 0: the engine's retry count."""
    outcome: StepOutcome
    execution_arn: str
    correlation_id: str
    entered_at: Moment | None = None
    """When the engine entered the state: tells one visit of a state from the next. ``None`` in old records."""
    started_at: Moment
    ended_at: Moment | None = None
    duration_ms: float | None = None
    input: dict[str, Any] | None = None
    """Without anything that opens something."""
    input_hash: str | None = None
    """SHA-256 of the input as canonical JSON, hexadecimal."""
    input_bytes: int | None = None
    output_hash: str | None = None
    output_bytes: int | None = None
    effect: CampaignStatus | None = None
    """The status this attempt moved its campaign to."""
    result: dict[str, Any] | None = None
    error: Failure | None = None
