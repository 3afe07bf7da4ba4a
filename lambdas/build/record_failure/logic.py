"""RecordFailure: whatever a step gave up on ends up on the campaign's record, in words."""

import json

from lambdas.core.errors import CampaignError, ConflictError, known_errors
from lambdas.core.models.campaign import CampaignStatus, Failure
from lambdas.core.models.checkpoint import StepOutcome
from lambdas.core.models.workflow import CaughtError, StatusResult, StepEvent
from lambdas.core.ports import ApprovalStore, CampaignStore, CheckpointStore, Clock
from lambdas.core.progression import BUILDING


def record_failure(
    event: StepEvent,
    campaigns: CampaignStore,
    approvals: ApprovalStore,
    checkpoints: CheckpointStore,
    clock: Clock,
) -> StatusResult:
    """Any status of BUILD ``→ failed``, with the error; a campaign that already ended stays as it ended."""
    caught = event.input.error or CaughtError(error="UnknownError", cause="the workflow gave no reason")
    failure = Failure(
        code=_code(caught),
        message=_message(caught),
        at=clock.now(),
        retryable=_retryable(caught),
        step=_failed_step(event, checkpoints),
    )
    for approval in approvals.all(event.key):
        approvals.close(event.key, approval.callback_id)
    try:
        campaign = campaigns.update(
            event.key, expected=BUILDING, status=CampaignStatus.FAILED, error=failure, at=clock.now()
        )
    except ConflictError:
        campaign = campaigns.get(event.key)
    return StatusResult(status=campaign.status)


def _code(caught: CaughtError) -> str:
    known = known_errors().get(caught.error)
    return known.code if known else caught.error


def _retryable(caught: CaughtError) -> bool:
    """Whether trying the whole campaign again may help: engine and Lambda failures do pass."""
    return known_errors().get(caught.error, CampaignError).retryable or caught.error.startswith(
        ("Lambda.", "States.Timeout", "Runtime.", "Sandbox.")
    )


def _message(caught: CaughtError) -> str:
    """Lambda reports an exception as JSON in the cause; other causes are text already."""
    try:
        parsed = json.loads(caught.cause)
    except ValueError:
        return caught.cause or caught.error
    message = parsed.get("errorMessage") if isinstance(parsed, dict) else None
    return str(message or caught.cause)


def _failed_step(event: StepEvent, checkpoints: CheckpointStore) -> str | None:
    failed = [
        checkpoint.step_name
        for checkpoint in checkpoints.all(event.key)
        if checkpoint.outcome == StepOutcome.FAILED and checkpoint.execution_arn == event.attempt.execution_arn
    ]
    return failed[-1] if failed else None
