"""The list of campaigns that somebody has to look after.

An entry is written with the campaign and removed when nothing is left to be done for it. It does not say in which
status the campaign is, so it is not written again when that changes.
"""

from collections.abc import Iterable
from typing import Protocol

from lambdas.core.ids import CampaignIdField, CampaignKey, TenantIdField
from lambdas.core.models.base import Model, Moment


class ActiveCampaign(Model):
    """``recoveries`` are the times at which it was recovered lately."""

    tenant_id: TenantIdField
    campaign_id: CampaignIdField
    recoveries: tuple[Moment, ...] = ()

    @property
    def key(self) -> CampaignKey:
        return CampaignKey(self.tenant_id, self.campaign_id)


class ActiveList(Protocol):
    def all(self) -> Iterable[ActiveCampaign]: ...

    def put(self, entry: ActiveCampaign) -> None: ...

    def remove(self, key: CampaignKey) -> None: ...
