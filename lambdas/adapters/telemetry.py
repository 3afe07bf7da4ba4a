"""Logs, metrics and traces; the only module that knows how they are emitted.

The logger cannot print a token: secret fields are removed by name, also those of models, and anything in a line that
looks like a JWT or a Slack token is replaced.

Logs are JSON lines, all with the correlation id. Metrics use CloudWatch's embedded metric format: they are printed to
the same stream, and CloudWatch turns them into metrics without any request.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from pydantic import BaseModel

from lambdas.domain.errors import CampaignError

NAMESPACE = "CampaignOrchestration"
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*|xox[a-z]-[\w-]+")
_SECRET_FIELDS = frozenset({"token", "taskToken", "task_token", "nonce", "authorization", "Authorization"})


def scrub(value: Any) -> Any:
    """``value`` without secrets."""
    if isinstance(value, str):
        return _TOKEN.sub("[token]", value)
    if isinstance(value, BaseModel):
        return scrub(value.model_dump())
    if isinstance(value, Mapping):
        return {key: "[secret]" if key in _SECRET_FIELDS else scrub(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [scrub(item) for item in value]
    return value


def _serialize(record: dict[str, Any]) -> str:
    # What JSON cannot represent (an exception, a URL) has become text only now, so it is checked once more.
    return json.dumps(scrub(record), default=lambda value: scrub(str(value)), ensure_ascii=False)


@cache
def logger() -> Logger:
    """The process's logger. Service name and level come from ``POWERTOOLS_SERVICE_NAME`` and ``LOG_LEVEL``."""
    return Logger(json_serializer=_serialize, utc=True)


@cache
def _metrics() -> Metrics:
    return Metrics(namespace=NAMESPACE)


def count(name: str, value: float = 1, **dimensions: str) -> None:
    """Add to a metric and print it at once, so that a later crash cannot lose it."""
    _emit([(name, MetricUnit.Count, value)], dimensions)


def step_finished(step: str, outcome: str, duration_ms: float, tenant_id: str) -> None:
    """Duration and outcome of one step: dimension ``StepName``, and the tenant as a searchable field."""
    _emit(
        [("StepDuration", MetricUnit.Milliseconds, duration_ms), ("StepOutcome", MetricUnit.Count, 1)],
        {"StepName": step, "Outcome": outcome},
        {"tenantId": tenant_id},
    )


def due_worked(kind: str, due: int, done: int, failed: int, oldest_seconds: float) -> None:
    """One run of periodic work (``services/due.py``): dimension ``Kind``. ``DueAge`` is how late the work is."""
    values = [("DueItems", due), ("DueDone", done), ("DueFailed", failed)]
    counts = [(name, MetricUnit.Count, float(number)) for name, number in values]
    _emit([*counts, ("DueAge", MetricUnit.Seconds, oldest_seconds)], {"Kind": kind})


def _emit(
    values: list[tuple[str, MetricUnit, float]],
    dimensions: Mapping[str, str],
    fields: Mapping[str, str] | None = None,
) -> None:
    metrics = _metrics()
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    for name, value in (fields or {}).items():
        metrics.add_metadata(name, value)
    for metric, unit, amount in values:
        metrics.add_metric(metric, unit, amount)
    metrics.flush_metrics()


class LoggerLog:
    """``RequestLog`` with the Powertools logger, which replaces anything that looks like a token."""

    def __init__(self, logger: Logger) -> None:
        self._logger = logger

    def begin(self, correlation_id: str) -> None:
        self._logger.set_correlation_id(correlation_id)

    def event(self, name: str, **fields: str) -> None:
        self._logger.warning("security event", extra={"security_event": name, **fields})

    def served(self, method: str, route: str, status: int) -> None:
        self._logger.info("request served", extra={"method": method, "route": route, "status": status})

    def failed(self, error: Exception) -> None:
        self._logger.error("request failed", exc_info=error)

    def started(self, tenant_id: str, campaign_id: str) -> None:
        self._logger.info("campaign started", extra={"tenant_id": tenant_id, "campaign_id": campaign_id})

    def refused(self, error: CampaignError) -> None:
        fields = [field._asdict() for field in error.errors]
        self._logger.warning("campaign refused", extra={"error": error.code, "reason": error.message, "fields": fields})
