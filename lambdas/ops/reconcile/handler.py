"""Lambda ``reconcile``: campaigns whose record and execution disagree.

Invoked once a minute for each shard of the due index (``{"shard": n}``), by the engine's report that an execution of
BUILD has ended otherwise than well, and with ``{"everything": true}`` when the local stack starts, whose engine loses
executions. Answers the report.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from lambdas.adapters import stores
from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.sfn_executions import StepFunctionsExecutions
from lambdas.adapters.aws.sns_alerts import SnsAlerts
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.adapters.table.active_store import TableActive
from lambdas.adapters.table.due_store import TableDue
from lambdas.adapters.telemetry import count, due_worked, logger
from lambdas.domain.due import DueEntry, Kind
from lambdas.ops.reconcile.diagnosis import Finding
from lambdas.ops.reconcile.logic import (
    TAKEN_AT_ONCE,
    ReconcilePorts,
    Report,
    ended_campaign,
    look_again,
    reconcile,
    take_over,
)
from lambdas.ports.table import Table
from lambdas.services.due import Tick, shards_of
from lambdas.services.recovery import RecoveryPorts
from lambdas.settings import settings

TIME, TIME_FOR_EVERYTHING = timedelta(seconds=45), timedelta(seconds=240)
"""From then on no further campaign is begun: the next tick comes a minute after this one. The function has 300 s."""


class ReconcileSettings(TableSettings):
    """What BUILD is called, and where alerts go."""

    build_state_machine_arn: str
    alert_topic_arn: str


def handler(event: Any, _context: object) -> dict[str, Any]:
    logger().clear_state()
    configured, clock = settings(ReconcileSettings), SystemClock()
    executions = StepFunctionsExecutions(client("stepfunctions"), configured.build_state_machine_arn)
    recovery = RecoveryPorts(
        stores.campaigns(configured),
        stores.posts(configured),
        stores.approvals(configured),
        executions,
        TableActive(stores.table(configured)),
        clock,
    )
    ports = ReconcilePorts(recovery, SnsAlerts(client("sns"), configured.alert_topic_arn))
    ended = ended_campaign(event, recovery.campaigns)
    if ended:
        finding = look_again(ended, ports)
        return _reported(Report(looked_at=1, findings={finding: 1}, errors=0), tenant_id=ended.tenant_id)
    shards, everything = shards_of(event), isinstance(event, Mapping) and event.get("everything") is True
    _take_over(shards, recovery, stores.table(configured))
    until = clock.now() + (TIME_FOR_EVERYTHING if everything else TIME)
    index = TableDue(stores.table(configured))
    report, due = reconcile(shards, Tick(index, clock, lambda: clock.now() < until, _failed, everything), ports)
    due_worked(Kind.CAMPAIGN, due.due, due.done, due.failed, due.oldest_seconds)
    return _reported(report, shards=list(shards))


def _take_over(shards: Sequence[int], recovery: RecoveryPorts, table: Table) -> None:
    """Of each shard's share of the old list a portion a tick, until it is empty; then no more in the life of a process,
    which is hours (docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html): the API's last version may
    put campaigns on that list for as long as a deployment takes."""
    active, index = TableActive(table), TableDue(table)
    for shard in shards:
        if shard in _taken_over():
            continue
        number = take_over(shard, active, index, recovery)
        if number < TAKEN_AT_ONCE:
            _taken_over().add(shard)
        if number:
            logger().info("campaigns taken over from the list of before", number=number, shard=shard)


@cache
def _taken_over() -> set[int]:
    return set()


def _reported(report: Report, **about: Any) -> dict[str, Any]:
    for finding, number in report.findings.items():
        if finding not in (Finding.FINE, Finding.OVER):
            count("CampaignsRecovered", number, Finding=finding)
    if report.errors:
        count("ReconcileErrors", report.errors)
    logger().info("reconciled", report=report.to_wire(), **about)
    return report.to_wire()


def _failed(entry: DueEntry, error: Exception) -> None:
    tenant_id, campaign_id = entry.key
    logger().error("campaign not reconciled", campaign_id=campaign_id, tenant_id=tenant_id, exc_info=error)
