"""Lambda ``save-campaign``."""

from lambdas.adapters import stores
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.build.save_campaign.logic import save_campaign
from lambdas.domain.models.workflow import StatusResult, StepEvent


@step("SaveCampaign", StepEvent, TableSettings, stores.checkpoints)
def handler(event: StepEvent, settings: TableSettings) -> StatusResult:
    return save_campaign(event, stores.campaigns(settings), stores.catalog(settings), SystemClock())
