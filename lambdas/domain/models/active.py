"""Campaigns that the reconciler has to check, and when next.

A campaign is checked when it is due (``services/due.py``, kind ``campaign``): a minute after it was created, then as
often as its status requires, until nothing is left to be done for it.
"""

from datetime import timedelta

from lambdas.domain.ids import CampaignIdField, CampaignKey, TenantIdField
from lambdas.domain.models.base import Model, Moment

SOON = timedelta(minutes=1)
"""Time until the first check of a campaign, and until the next one if something is about to change."""


class ActiveCampaign(Model):
    """The item for it. It is separate from the campaign's record, which is large and has other writers (``SK =
    ACTIVE``)."""

    tenant_id: TenantIdField
    campaign_id: CampaignIdField
    due_at: Moment | None = None
    """When it is to be checked. A campaign that was never checked has no such item."""
    recoveries: tuple[Moment, ...] = ()
    """The times of its recent recoveries."""
    alert: bool = False
    """It is about to be recorded as failed, and the alert may not have been sent yet."""

    @property
    def key(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.campaign_id)


def active(key: CampaignKey) -> ActiveCampaign:
    """A new entry, without recent recoveries."""
    return ActiveCampaign(tenant_id=key.tenant_id, campaign_id=key.campaign_id)
