"""The frame around every step: parse, log, measure, leave a checkpoint, and let the error through by its class.

A step's handler is a function of its event. This frame gives it a validated event and reports what became of it::

    @step("PlanPosts", StepEvent, PlanPostsSettings)
    def handler(event, settings): ...
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeVar

from lambdas.adapters.system import SystemClock
from lambdas.adapters.telemetry import logger, step_finished
from lambdas.core.errors import CampaignError
from lambdas.core.models.base import Model
from lambdas.core.models.campaign import Failure
from lambdas.core.models.checkpoint import Checkpoint, StepOutcome
from lambdas.core.models.workflow import TaskEvent
from lambdas.core.ports import CheckpointStore
from lambdas.core.settings import Settings, settings

EventT = TypeVar("EventT", bound=TaskEvent)
SettingsT = TypeVar("SettingsT", bound=Settings)
Handler = Callable[[dict[str, Any], object], dict[str, Any]]
Logic = Callable[[EventT, SettingsT], Model]


def step(
    name: str,
    event_model: type[EventT],
    settings_model: type[SettingsT],
    checkpoints: Callable[[SettingsT], CheckpointStore] | None,
) -> Callable[[Logic[EventT, SettingsT]], Handler]:
    """Frame ``logic`` as the Lambda handler of the step ``name``.

    ``checkpoints`` says where the step's checkpoint goes; ``None`` where the step's own records are its checkpoint.
    """

    def frame(logic: Logic[EventT, SettingsT]) -> Handler:
        def handler(raw: dict[str, Any], _context: object) -> dict[str, Any]:
            # The process is warm: nothing of the last invocation may stand in this one's lines.
            logger().clear_state()
            logger().append_keys(step=name)
            logger().set_correlation_id(_claimed_correlation_id(raw))
            try:
                event = event_model.from_wire(raw)
            except CampaignError as error:
                logger().error("step input refused", error=error.code, fields=[e._asdict() for e in error.errors])
                raise
            configuration = settings(settings_model)
            store = checkpoints(configuration) if checkpoints else None
            return _observed(name, event, lambda: logic(event, configuration), store).to_wire()

        return handler

    return frame


def _claimed_correlation_id(raw: Any) -> str | None:
    """The correlation id of an event that is not validated yet, so that a refusal can be found by it."""
    data = raw.get("input") if isinstance(raw, dict) else None
    claimed = data.get("correlationId") if isinstance(data, dict) else None
    return claimed[:128] if isinstance(claimed, str) else None


def _observed(name: str, event: TaskEvent, work: Callable[[], Model], store: CheckpointStore | None) -> Model:
    """Run ``work``; whatever becomes of it is logged, measured and recorded."""
    tenant_id, campaign_id = event.key
    logger().append_keys(tenant_id=tenant_id, campaign_id=campaign_id, attempt=event.attempt.retry_count)
    logger().set_correlation_id(event.input.correlation_id)
    started_at, started = SystemClock().now(), perf_counter()

    def report(outcome: StepOutcome, result: Model | None, error: Failure | None) -> None:
        duration_ms = (perf_counter() - started) * 1000
        if store:
            checkpoint = Checkpoint(
                step_name=name,
                attempt=event.attempt.retry_count,
                outcome=outcome,
                execution_arn=event.attempt.execution_arn,
                correlation_id=event.input.correlation_id,
                started_at=started_at,
                ended_at=SystemClock().now(),
                duration_ms=round(duration_ms, 3),
                result=result.to_wire() if result else None,
                error=error,
            )
            store.record(event.key, checkpoint)
        step_finished(name, outcome.value, duration_ms, tenant_id)

    try:
        result = work()
    except Exception as error:
        logger().exception("step failed")
        try:
            report(StepOutcome.FAILED, None, failure_of(error, name))
        except Exception:  # noqa: BLE001 - the engine decides by the step's own error, so that one goes on
            logger().exception("checkpoint not recorded")
        raise
    report(StepOutcome.SUCCEEDED, result, None)
    logger().info("step succeeded", result=result.to_wire())
    return result


def failure_of(error: Exception, step_name: str) -> Failure:
    """An exception as it is kept on a record."""
    known = isinstance(error, CampaignError)
    return Failure(
        code=error.code if isinstance(error, CampaignError) else "UNEXPECTED_ERROR",
        message=str(error)[:2_000] if known else f"{type(error).__name__}: {error}"[:2_000],
        at=SystemClock().now(),
        # An error nobody foresaw may well pass: the workflow gives it two more tries.
        retryable=error.retryable if isinstance(error, CampaignError) else True,
        step=step_name,
    )
