"""Lambda ``validate-campaign``."""

from lambdas.adapters import stores
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.build.validate_campaign.logic import validate_campaign
from lambdas.domain.models.workflow import StatusResult, StepEvent


@step("ValidateCampaign", StepEvent, TableSettings, stores.checkpoints)
def handler(event: StepEvent, settings: TableSettings) -> StatusResult:
    return validate_campaign(event, stores.campaigns(settings), stores.catalog(settings), SystemClock())
