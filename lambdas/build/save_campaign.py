"""SaveCampaign: stores copies of the brand and the personas with the campaign."""

from lambdas.bootstrap import step
from lambdas.domain.campaign_changes import OtherChanges
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import StatusResult, StepEvent
from lambdas.ports.stores import CampaignStore, CatalogStore, Clock
from lambdas.services.lifecycle import advance
from lambdas.services.validation import resolve_configuration
from lambdas.settings import TableSettings


def save_campaign(event: StepEvent, campaigns: CampaignStore, catalog: CatalogStore, clock: Clock) -> StatusResult:
    """``queued → planning``, with the configuration that every later step uses. An existing copy is kept."""
    campaign, now = campaigns.get(event.key), clock.now()
    kept: OtherChanges = {}
    if not campaign.is_configured:
        kept = {"configuration": resolve_configuration(campaign.tenant_id, campaign.planned_brief, catalog, now)}
    to, came_from = CampaignStatus.PLANNING, [CampaignStatus.QUEUED]
    result = StatusResult(status=to)
    return StatusResult(status=advance(campaigns, event.key, to, came_from=came_from, at=now, result=result, **kept))


handler = step(
    "SaveCampaign",
    StepEvent,
    TableSettings,
    lambda event, ports: save_campaign(event, ports.campaigns, ports.catalog, ports.clock),
)
