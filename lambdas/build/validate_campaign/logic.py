"""ValidateCampaign: is the stored campaign still fit to run?"""

from lambdas.core.models.workflow import StatusResult, StepEvent
from lambdas.core.ports import CampaignStore, CatalogStore
from lambdas.core.validation import resolve_configuration


def validate_campaign(event: StepEvent, campaigns: CampaignStore, catalog: CatalogStore) -> StatusResult:
    """Check the brief against the tenant's catalog as it is now.

    The API did so before it answered; a brand deleted since, or an execution started by hand, is found here.
    Raises ``NotFoundError`` and ``InvalidInputError``.
    """
    campaign = campaigns.get(event.key)
    if campaign.configuration is None:
        resolve_configuration(campaign.tenant_id, campaign.brief, catalog)
    return StatusResult(status=campaign.status)
