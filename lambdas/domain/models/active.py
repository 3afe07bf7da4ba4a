"""Campaigns that somebody has to look after, and when next.

A campaign is looked at when it is due (``services/due.py``, kind ``campaign``): a minute after it was made, then as
often as its status asks for, until nothing is left to be done for it.
"""

from datetime import timedelta

from lambdas.domain.ids import CampaignIdField, CampaignKey, TenantIdField
from lambdas.domain.models.base import Model, Moment

SOON = timedelta(minutes=1)
"""Until the first look at a campaign, and until the next one where something is about to change."""


class ActiveCampaign(Model):
    """The record of it, beside the campaign's own, which is large and has other writers (``SK = ACTIVE``)."""

    tenant_id: TenantIdField
    campaign_id: CampaignIdField
    due_at: Moment | None = None
    """When it is to be looked at. A campaign that was never looked at has no such record."""
    recoveries: tuple[Moment, ...] = ()
    """The times at which it was recovered lately."""
    alert: bool = False
    """It is about to be recorded as failed, and nobody may have been alerted yet."""

    @property
    def key(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.campaign_id)


def active(key: CampaignKey) -> ActiveCampaign:
    """One that was not recovered lately."""
    return ActiveCampaign(tenant_id=key.tenant_id, campaign_id=key.campaign_id)
