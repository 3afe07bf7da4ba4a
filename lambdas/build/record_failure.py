"""RecordFailure: stores the reason why a campaign failed, and sends an alert."""

from collections.abc import Sequence
from datetime import datetime

from lambdas.bootstrap import step
from lambdas.domain.errors import CampaignError, ConcurrentUpdateError, ConflictError, known_errors
from lambdas.domain.models.campaign import CampaignStatus, Cause, Failure
from lambdas.domain.models.checkpoint import BUILD_STEPS, COMPLETE_CAMPAIGN, REQUEST_APPROVAL, Checkpoint, StepOutcome
from lambdas.domain.models.workflow import CaughtError, Decision, StatusResult, StepEvent, message_in
from lambdas.ports.bundle import Ports
from lambdas.ports.engine import is_of
from lambdas.services.alerts import advised, alert_of
from lambdas.services.lifecycle import BUILDING
from lambdas.settings import AlertSettings, TableSettings

MESSAGE_CHARS = 2_000
"""Maximum length of the reason on the record; Step Functions' cause may have 32,768 characters."""


def record_failure(event: StepEvent, ports: Ports) -> StatusResult:
    """Any status of BUILD ``→ failed``, with the error; a campaign that has ended already is not changed.

    An execution that was replaced changes nothing: the campaign and its open requests belong to the execution on its
    record. The alert is sent after the record is written, and again if this step is repeated before its checkpoint was
    stored.
    """
    arn = event.attempt.execution_arn
    own = [c for c in ports.checkpoints.all(event.key) if c.execution_arn == arn]
    failure = advised(_failure(event, own, ports.clock.now()), ports.campaigns.get(event.key), arn)
    try:
        campaign = ports.campaigns.update(
            event.key,
            expected=BUILDING,
            of_execution=arn,
            status=CampaignStatus.FAILED,
            error=failure,
            at=ports.clock.now(),
        )
    except (ConflictError, ConcurrentUpdateError):
        campaign = ports.campaigns.get(event.key)
        if not is_of(campaign.execution_arn, arn):
            return StatusResult(status=campaign.status)
    for approval in ports.approvals.all(event.key):
        ports.approvals.close(event.key, approval.callback_id)
    if campaign.status is CampaignStatus.FAILED and campaign.error and not _ended(event, own):
        ports.alerts.send(alert_of(campaign, campaign.error))
    return StatusResult(status=campaign.status)


def _failure(event: StepEvent, own: Sequence[Checkpoint], at: datetime) -> Failure:
    caught = event.input.error or CaughtError(error="UnknownError", cause="the workflow gave no reason")
    return Failure(
        code=_code(caught),
        message=_message(caught),
        at=at,
        retryable=_retryable(caught),
        step=_failed_step(event, own),
        causes=_causes(caught, own),
    )


def _code(caught: CaughtError) -> str:
    known = known_errors().get(caught.error)
    return known.code if known else caught.error


def _retryable(caught: CaughtError) -> bool:
    """Whether retrying the whole campaign may help: failures of the engine and of Lambda are often temporary."""
    return known_errors().get(caught.error, CampaignError).retryable or caught.error.startswith(
        ("Lambda.", "States.Timeout", "Runtime.", "Sandbox.")
    )


def _message(caught: CaughtError) -> str:
    return (message_in(caught.cause) or caught.cause or caught.error)[:MESSAGE_CHARS]


def _ended(event: StepEvent, own: Sequence[Checkpoint]) -> bool:
    """Whether an earlier delivery of this step finished, and so has sent the alert."""
    return any(c.step_name == event.attempt.state_name and c.outcome is StepOutcome.SUCCEEDED for c in own)


def _causes(caught: CaughtError, own: Sequence[Checkpoint]) -> tuple[Cause, ...]:
    """The causes of the error: from the failed step's checkpoint, and Step Functions' own message."""
    failed = [checkpoint.error for checkpoint in own if checkpoint.error]
    behind = failed[-1].causes if failed else ()
    return (Cause(error=caught.error, message=_message(caught)[:500]), *behind)


def _failed_step(event: StepEvent, own: Sequence[Checkpoint]) -> str:
    """The step whose last checkpoint is a failure; if a step died without a checkpoint, the one after the last
    success."""
    others = [checkpoint for checkpoint in own if checkpoint.step_name != event.attempt.state_name]
    succeeded = {c.step_name for c in others if c.outcome == StepOutcome.SUCCEEDED}
    failed = [c.step_name for c in others if c.outcome == StepOutcome.FAILED and c.step_name not in succeeded]
    if failed:
        return failed[-1]
    if event.input.approval:
        after: dict[str, str] = {Decision.APPROVED: COMPLETE_CAMPAIGN, "ask_again": REQUEST_APPROVAL}
        return after.get(event.input.approval.decision, "RejectCampaign")
    done = max((BUILD_STEPS.index(name) for name in succeeded if name in BUILD_STEPS), default=-1)
    return BUILD_STEPS[min(done + 1, BUILD_STEPS.index(REQUEST_APPROVAL))]


class RecordFailureSettings(TableSettings, AlertSettings):
    """It sends an alert."""


handler = step("RecordFailure", StepEvent, RecordFailureSettings, record_failure, approvals=True)
