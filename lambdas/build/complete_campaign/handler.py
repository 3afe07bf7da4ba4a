"""Lambda ``complete-campaign``."""

from lambdas.adapters import stores
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.build.complete_campaign.logic import complete_campaign
from lambdas.domain.models.workflow import StatusResult, StepEvent


@step("CompleteCampaign", StepEvent, TableSettings, stores.checkpoints)
def handler(event: StepEvent, settings: TableSettings) -> StatusResult:
    return complete_campaign(event, stores.campaigns(settings), stores.approvals(settings), SystemClock())
