"""Lambda ``reconcile``: every minute, and when the local stack starts."""

from typing import Any

from lambdas.adapters import stores
from lambdas.adapters.aws import client
from lambdas.adapters.dynamodb_active import DynamoActive
from lambdas.adapters.sfn_executions import StepFunctionsExecutions
from lambdas.adapters.sns_alerts import SnsAlerts
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.adapters.telemetry import count, logger
from lambdas.core.active import ActiveCampaign
from lambdas.core.recovery import RecoveryPorts
from lambdas.core.settings import settings
from lambdas.ops.reconcile.diagnosis import Finding
from lambdas.ops.reconcile.logic import ReconcilePorts, reconcile


class ReconcileSettings(TableSettings):
    """What BUILD is called, and where alerts go."""

    build_state_machine_arn: str
    alert_topic_arn: str


def handler(_event: Any, _context: object) -> dict[str, Any]:
    configured = settings(ReconcileSettings)
    logger().clear_state()
    recovery = RecoveryPorts(
        campaigns=stores.campaigns(configured),
        posts=stores.posts(configured),
        approvals=stores.approvals(configured),
        executions=StepFunctionsExecutions(client("stepfunctions"), configured.build_state_machine_arn),
        active=DynamoActive(client("dynamodb"), configured.table_name),
        clock=SystemClock(),
    )
    alerts = SnsAlerts(client("sns"), configured.alert_topic_arn)
    report = reconcile(ReconcilePorts(recovery, alerts, _failed))
    for finding, number in report.findings.items():
        if finding not in (Finding.FINE, Finding.OVER):
            count("CampaignsRecovered", number, Finding=finding)
    if report.errors:
        count("ReconcileErrors", report.errors)
    logger().info("reconciled", report=report.to_wire())
    return report.to_wire()


def _failed(entry: ActiveCampaign, error: Exception) -> None:
    logger().error("campaign not reconciled", campaign_id=entry.campaign_id, tenant_id=entry.tenant_id, exc_info=error)
