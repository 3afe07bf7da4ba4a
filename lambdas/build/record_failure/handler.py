"""Lambda ``record-failure``."""

from lambdas.adapters import stores
from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.sns_alerts import SnsAlerts
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.build.record_failure.logic import record_failure
from lambdas.domain.models.workflow import StatusResult, StepEvent


class RecordFailureSettings(TableSettings):
    """The table, and where alerts go."""

    alert_topic_arn: str


@step("RecordFailure", StepEvent, RecordFailureSettings, stores.checkpoints)
def handler(event: StepEvent, settings: RecordFailureSettings) -> StatusResult:
    return record_failure(
        event,
        stores.campaigns(settings),
        stores.approvals(settings),
        stores.checkpoints(settings),
        SnsAlerts(client("sns"), settings.alert_topic_arn),
        SystemClock(),
    )
