"""Lambda ``aggregate-results``."""

from lambdas.adapters import stores
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.build.aggregate_results.logic import aggregate_results
from lambdas.domain.models.workflow import StatusResult, StepEvent


@step("AggregateResults", StepEvent, TableSettings, stores.checkpoints)
def handler(event: StepEvent, settings: TableSettings) -> StatusResult:
    return aggregate_results(event, stores.campaigns(settings), stores.posts(settings), SystemClock())
