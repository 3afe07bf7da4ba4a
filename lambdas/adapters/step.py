"""The frame around every step: parse, log, measure, leave a checkpoint, and let the error through by its class.

A step's handler is a function of its event. This frame gives it a validated event and reports what became of it::

    @step("PlanPosts", StepEvent, PlanPostsSettings, stores.checkpoints)
    def handler(event, settings): ...
"""

from collections.abc import Callable
from time import perf_counter
from typing import Any, TypeVar

from lambdas.adapters.payload import Payload, failure_of, reported
from lambdas.adapters.system import SystemClock
from lambdas.adapters.table import keys
from lambdas.adapters.table.attempt import attempting, invoked
from lambdas.adapters.telemetry import logger, scrub, step_finished
from lambdas.domain.errors import CampaignError
from lambdas.domain.models.base import Model
from lambdas.domain.models.checkpoint import Checkpoint, StepOutcome
from lambdas.domain.models.workflow import TaskEvent
from lambdas.ports.stores import CheckpointStore
from lambdas.settings import Settings, settings

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
        def handler(raw: dict[str, Any], context: object) -> dict[str, Any]:
            # The process is warm: nothing of the last invocation may stand in this one's lines.
            logger().clear_state()
            logger().append_keys(step=name)
            logger().set_correlation_id(_claimed_correlation_id(raw))
            configuration = settings(settings_model)
            try:
                event = event_model.from_internal(raw)
                given = Payload.of(raw["input"])
                given.check(configuration.state_limit_bytes, f"the input of {name}", without=("error",))
            except CampaignError as error:
                logger().error("step input refused", error=error.code, fields=[e._asdict() for e in error.errors])
                raise
            store = checkpoints(configuration) if checkpoints else None
            work = _Attempt(name, event, given, store, configuration.state_limit_bytes)
            with invoked(context):
                return work.run(lambda: logic(event, configuration))

        return handler

    return frame


def _claimed_correlation_id(raw: Any) -> str | None:
    """The correlation id of an event that is not validated yet, so that a refusal can be found by it."""
    data = raw.get("input") if isinstance(raw, dict) else None
    claimed = data.get("correlationId") if isinstance(data, dict) else None
    return claimed[:128] if isinstance(claimed, str) else None


class _Attempt:
    """One attempt of one step: whatever becomes of it is logged, measured and recorded."""

    def __init__(self, name: str, event: TaskEvent, given: Payload, store: CheckpointStore | None, limit: int) -> None:
        tenant_id, campaign_id = event.key
        logger().append_keys(tenant_id=tenant_id, campaign_id=campaign_id, attempt=event.attempt.retry_count)
        logger().set_correlation_id(event.input.correlation_id)
        self._name, self._event, self._store, self._limit = name, event, store, limit
        self._started = perf_counter()
        self._begun = Checkpoint(
            step_name=name,
            attempt=event.attempt.retry_count,
            outcome=StepOutcome.STARTED,
            execution_arn=event.attempt.execution_arn,
            correlation_id=event.input.correlation_id,
            entered_at=event.attempt.entered_at,
            started_at=SystemClock().now(),
            input=scrub(given.data),
            input_hash=given.hash,
            input_bytes=given.size,
        )

    def run(self, work: Callable[[], Model]) -> dict[str, Any]:
        try:
            if self._store:
                self._store.begin(self._event.key, self._begun)
            with attempting(keys.checkpoint(self._event.key, self._begun) if self._store else None):
                result = work().to_wire()
            made = Payload.of(result)
            made.check(self._limit, f"the output of {self._name}")
        except Exception as error:
            logger().exception("step failed")
            self._failed(error)
            told = reported(error)
            if told is error:
                raise
            # Not from it: the short form is all that is to travel.
            raise told from None
        self._report(StepOutcome.SUCCEEDED, result=scrub(result), output_hash=made.hash, output_bytes=made.size)
        logger().info("step succeeded", result=result)
        return result

    def _failed(self, error: Exception) -> None:
        try:
            self._report(StepOutcome.FAILED, error=failure_of(error, self._name, SystemClock().now()))
        except Exception:  # noqa: BLE001 - the engine decides by the step's own error, so that one goes on
            logger().exception("checkpoint not recorded")

    def _report(self, outcome: StepOutcome, **how: Any) -> None:
        duration_ms = (perf_counter() - self._started) * 1000
        if self._store:
            ended = {"outcome": outcome, "ended_at": SystemClock().now(), "duration_ms": round(duration_ms, 3), **how}
            self._store.record(self._event.key, self._begun.model_copy(update=ended))
        step_finished(self._name, outcome.value, duration_ms, self._event.key.tenant_id)
