"""ValidateCampaign: checks that the stored campaign can still be carried out."""

from lambdas.bootstrap import step
from lambdas.domain.models.workflow import StatusResult, StepEvent
from lambdas.ports.stores import CampaignStore, CatalogStore, Clock
from lambdas.services.validation import resolve_configuration
from lambdas.settings import TableSettings


def validate_campaign(event: StepEvent, campaigns: CampaignStore, catalog: CatalogStore, clock: Clock) -> StatusResult:
    """Check the brief against the tenant's current catalog.

    The API checked it before it answered; this finds a brand that was deleted since, or an execution started by hand.
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
