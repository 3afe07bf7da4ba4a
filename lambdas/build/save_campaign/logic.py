"""SaveCampaign: keep the brand and the personas with the campaign, as they are now."""

from lambdas.core.models.campaign import CampaignStatus
from lambdas.core.models.workflow import StatusResult, StepEvent
from lambdas.core.ports import CampaignStore, CatalogStore, Clock
from lambdas.core.progression import advance
from lambdas.core.validation import resolve_configuration


def save_campaign(event: StepEvent, campaigns: CampaignStore, catalog: CatalogStore, clock: Clock) -> StatusResult:
    """``queued → planning``, with the configuration every later step works from."""
    campaign = campaigns.get(event.key)
    configuration = campaign.configuration or resolve_configuration(campaign.tenant_id, campaign.brief, catalog)
    saved = advance(
        campaigns,
        event.key,
        CampaignStatus.PLANNING,
        came_from=[CampaignStatus.QUEUED],
        at=clock.now(),
        configuration=configuration,
    )
    return StatusResult(status=saved.status)
