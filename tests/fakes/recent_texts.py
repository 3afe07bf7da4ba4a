"""Recent texts in memory."""

from collections.abc import Sequence

from lambdas.domain.ids import CampaignKey, TenantId
from lambdas.domain.models.recent import RecentCampaigns


class MemoryRecentTexts:
    """``texts`` by campaign, ``approved`` by tenant; ``reads`` counts ``get``."""

    def __init__(self) -> None:
        self.texts: dict[CampaignKey, tuple[str, ...]] = {}
        self.approved: dict[TenantId, RecentCampaigns] = {}
        self.reads = 0

    def of_tenant(self, tenant_id: TenantId) -> RecentCampaigns:
        return self.approved.get(tenant_id, RecentCampaigns())

    def add(self, key: CampaignKey, texts: Sequence[str]) -> None:
        self.approved[key.tenant_id] = self.of_tenant(key.tenant_id).added(key.campaign_id, texts)

    def forget(self, key: CampaignKey) -> None:
        self.approved[key.tenant_id] = self.of_tenant(key.tenant_id).without(key.campaign_id)

    def put(self, key: CampaignKey, texts: Sequence[str]) -> None:
        self.texts[key] = tuple(texts)

    def remove(self, key: CampaignKey) -> None:
        self.texts.pop(key, None)

    def get(self, key: CampaignKey) -> tuple[str, ...]:
        self.reads += 1
        return self.texts.get(key, ())
