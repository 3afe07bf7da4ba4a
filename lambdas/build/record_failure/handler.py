"""Lambda ``record-failure``."""

from lambdas.adapters import stores
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.build.record_failure.logic import record_failure
from lambdas.core.models.workflow import StatusResult, StepEvent


@step("RecordFailure", StepEvent, TableSettings, stores.checkpoints)
def handler(event: StepEvent, settings: TableSettings) -> StatusResult:
    return record_failure(
        event,
        stores.campaigns(settings),
        stores.approvals(settings),
        stores.checkpoints(settings),
        SystemClock(),
    )
