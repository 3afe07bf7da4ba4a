"""The wrapper around every step: parses the event, logs, measures, stores the checkpoint, and re-raises errors by their
class."""

from collections.abc import Callable
from time import perf_counter
from typing import Any, Generic, TypeVar

from lambdas.adapters.payload import Payload, failure_of, reported
from lambdas.adapters.system import SystemClock, deadline_of
from lambdas.adapters.table import keys
from lambdas.adapters.table.attempt import Attempt, attempting
from lambdas.adapters.telemetry import logger, scrub, step_finished
from lambdas.domain.errors import CampaignError
from lambdas.domain.models.base import Model
from lambdas.domain.models.checkpoint import Checkpoint, StepOutcome
from lambdas.domain.models.workflow import TaskEvent
from lambdas.ports.bundle import Deadline, Ports
from lambdas.ports.stores import CheckpointStore
from lambdas.settings import Settings, settings

EventT = TypeVar("EventT", bound=TaskEvent)
MakePorts = Callable[[Settings, Deadline | None], Ports]
"""Called with the function's settings, and with the time at which the invocation ends."""


class Step(Generic[EventT]):
    """The handler of one step, called as Lambda calls a handler."""

    def __init__(
        self,
        name: str,
        event: type[EventT],
        settings: type[Settings],
        logic: Callable[[EventT, Ports], Model],
        ports: MakePorts,
        *,
        checkpoint: bool = True,
        begin: bool = False,
    ) -> None:
        self.name, self.settings = name, settings
        self._event, self._logic, self._ports = event, logic, ports
        self._checkpoint, self._begin = checkpoint, begin

    def over(self, ports: Ports) -> "Step[EventT]":
        """The same step with other ports, and without reading the environment."""
        how = {"checkpoint": self._checkpoint, "begin": self._begin}
        return Step(self.name, self._event, Settings, self._logic, lambda *_: ports, **how)

    def __call__(self, raw: dict[str, Any], context: object) -> dict[str, Any]:
        # The process is reused: fields of the last invocation must not appear in this one's log lines.
        logger().clear_state()
        logger().append_keys(step=self.name)
        logger().set_correlation_id(_claimed_correlation_id(raw))
        configured = settings(self.settings)
        try:
            event = self._event.from_internal(raw)
            given = Payload.of(raw["input"])
            given.check(configured.state_limit_bytes, f"the input of {self.name}", without=("error",))
        except CampaignError as error:
            logger().error("step input refused", error=error.code, fields=[e._asdict() for e in error.errors])
            raise
        begun = _begun(self.name, event, given)
        ports = self._ports(configured, deadline_of(context))
        store = ports.checkpoints if self._checkpoint else None
        attempt = _Attempt(event, begun, store, configured.state_limit_bytes)
        return attempt.run(lambda: self._logic(event, ports), begin=self._begin)


def _claimed_correlation_id(raw: Any) -> str | None:
    """The correlation id of an event that is not validated yet, so that even a refusal can be found in the log."""
    data = raw.get("input") if isinstance(raw, dict) else None
    claimed = data.get("correlationId") if isinstance(data, dict) else None
    return claimed[:128] if isinstance(claimed, str) else None


def _begun(name: str, event: TaskEvent, given: Payload) -> Checkpoint:
    return Checkpoint(
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


class _Attempt:
    """One attempt of one step: its outcome is logged, measured and recorded."""

    def __init__(self, event: TaskEvent, begun: Checkpoint, store: CheckpointStore | None, limit: int) -> None:
        logger().append_keys(tenant_id=event.key.tenant_id, campaign_id=event.key.campaign_id, attempt=begun.attempt)
        logger().set_correlation_id(begun.correlation_id)
        self._name, self._key, self._begun, self._store, self._limit = begun.step_name, event.key, begun, store, limit
        self._started = perf_counter()
        place = keys.checkpoint(event.key, begun)
        self._attempt = Attempt(place, begun, lambda result: self._succeeded(self._made(result))) if store else None

    def run(self, work: Callable[[], Model], *, begin: bool) -> dict[str, Any]:
        try:
            if self._store and begin:
                self._store.begin(self._key, self._begun)
            with attempting(self._attempt):
                made = self._made(work())
        except Exception as error:
            logger().exception("step failed")
            self._failed(error)
            told = reported(error)
            if told is error:
                raise
            # "from None": only the short form is passed on.
            raise told from None
        self._report(self._succeeded(made))
        logger().info("step succeeded", result=made.data)
        return made.data

    def _made(self, result: Model) -> Payload:
        made = Payload.of(result.to_wire())
        made.check(self._limit, f"the output of {self._name}")
        return made

    def _succeeded(self, made: Payload) -> Checkpoint:
        how = {"result": scrub(made.data), "output_hash": made.hash, "output_bytes": made.size}
        return self._ended(StepOutcome.SUCCEEDED, **how)

    def _failed(self, error: Exception) -> None:
        try:
            failure = failure_of(error, self._name, SystemClock().now())
            self._report(self._ended(StepOutcome.FAILED, error=failure))
        except Exception:  # noqa: BLE001 - the engine decides by the step's own error, so that one goes on
            logger().exception("checkpoint not recorded")

    def _ended(self, outcome: StepOutcome, **how: Any) -> Checkpoint:
        duration_ms = round((perf_counter() - self._started) * 1000, 3)
        ended = {"outcome": outcome, "ended_at": SystemClock().now(), "duration_ms": duration_ms, **how}
        return self._begun.model_copy(update=ended)

    def _report(self, ended: Checkpoint) -> None:
        # The step's last write may have stored it already.
        if self._store and not (self._attempt and self._attempt.ended):
            self._store.record(self._key, ended)
        step_finished(self._name, ended.outcome.value, ended.duration_ms or 0.0, self._key.tenant_id)
