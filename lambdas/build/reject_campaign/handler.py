"""Lambda ``reject-campaign``."""

from lambdas.adapters import stores
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.build.reject_campaign.logic import reject_campaign
from lambdas.domain.models.workflow import StatusResult, StepEvent


@step("RejectCampaign", StepEvent, TableSettings, stores.checkpoints)
def handler(event: StepEvent, settings: TableSettings) -> StatusResult:
    return reject_campaign(event, stores.campaigns(settings), stores.approvals(settings), SystemClock())
