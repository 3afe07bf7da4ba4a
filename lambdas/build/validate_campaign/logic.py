"""ValidateCampaign: is the stored campaign still fit to run?"""

from lambdas.domain.models.workflow import StatusResult, StepEvent
from lambdas.ports.stores import CampaignStore, CatalogStore, Clock
from lambdas.services.validation import resolve_configuration


def validate_campaign(event: StepEvent, campaigns: CampaignStore, catalog: CatalogStore, clock: Clock) -> StatusResult:
    """Check the brief against the tenant's catalog as it is now.

    The API did so before it answered; a brand deleted since, or an execution started by hand, is found here.
    Raises ``NotFoundError`` and ``InvalidInputError``.
    """
    campaign = campaigns.get(event.key)
    if not campaign.is_configured:
        resolve_configuration(campaign.tenant_id, campaign.brief, catalog, clock.now())
    return StatusResult(status=campaign.status)
