"""Promises in memory."""

from collections.abc import Mapping

from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.ports.stores import Limits


class MemoryPromises:
    def __init__(self) -> None:
        self._made: dict[TenantId, dict[CampaignId, int]] = {}

    def make(self, key: CampaignKey, calls: int, limits: Limits) -> bool:
        made = self._made.setdefault(key.tenant_id, {})
        if key.campaign_id in made:
            return True
        if len(made) >= limits.campaigns or sum(made.values()) + calls > limits.model_calls:
            return False
        made[key.campaign_id] = calls
        return True

    def made(self, tenant_id: TenantId) -> Mapping[CampaignId, int]:
        return dict(self._made.get(tenant_id, {}))

    def forget(self, key: CampaignKey, calls: int) -> None:
        made = self._made.get(key.tenant_id, {})
        if made.get(key.campaign_id) == calls:
            del made[key.campaign_id]
