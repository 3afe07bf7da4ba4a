"""ValidateCampaign: is the stored campaign still fit to run?"""

from lambdas.bootstrap import step
from lambdas.domain.models.workflow import StatusResult, StepEvent
from lambdas.ports.stores import CampaignStore, CatalogStore, Clock
from lambdas.services.validation import resolve_configuration
from lambdas.settings import TableSettings


def validate_campaign(event: StepEvent, campaigns: CampaignStore, catalog: CatalogStore, clock: Clock) -> StatusResult:
    """Check the brief against the tenant's catalog as it is now.

    The API did so before it answered; a brand deleted since, or an execution started by hand, is found here.
    Raises ``NotFoundError`` and ``InvalidInputError``.
    """
    campaign = campaigns.get(event.key)
    if not campaign.is_configured:
        resolve_configuration(campaign.tenant_id, campaign.planned_brief, catalog, clock.now())
    return StatusResult(status=campaign.status)


handler = step(
    "ValidateCampaign",
    StepEvent,
    TableSettings,
    lambda event, ports: validate_campaign(event, ports.campaigns, ports.catalog, ports.clock),
)
