"""Lambda ``approval-expired``."""

from lambdas.adapters import stores
from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.sns_alerts import SnsAlerts
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.build.approval_expired.logic import ExpiryPorts, approval_expired
from lambdas.domain.models.workflow import ApprovalState, StepEvent


class ApprovalExpiredSettings(TableSettings):
    """``ALERT_TOPIC_ARN``: where it is told that nobody looked after the request in time."""

    alert_topic_arn: str


@step("ApprovalExpired", StepEvent, ApprovalExpiredSettings, stores.checkpoints)
def handler(event: StepEvent, settings: ApprovalExpiredSettings) -> ApprovalState:
    ports = ExpiryPorts(
        campaigns=stores.campaigns(settings),
        approvals=stores.approvals(settings),
        alerts=SnsAlerts(client("sns"), settings.alert_topic_arn),
        clock=SystemClock(),
    )
    return approval_expired(event, ports)
