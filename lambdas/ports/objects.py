"""What is kept in the bucket: the map's items, and the texts that a campaign must not repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from lambdas.domain.ids import CampaignKey, TenantId

if TYPE_CHECKING:
    from lambdas.domain.models.post import Batch
    from lambdas.domain.models.recent import RecentCampaigns
    from lambdas.domain.models.workflow import ManifestLocation


class CampaignTexts(Protocol):
    def get(self, key: CampaignKey) -> tuple[str, ...]:
        """What the campaign must not repeat, as it was put aside; empty where nothing was."""
        ...


class RecentTexts(CampaignTexts, Protocol):
    """The texts of a tenant's last campaigns, of which each campaign puts its own copy aside when it is planned."""

    def of_tenant(self, tenant_id: TenantId) -> RecentCampaigns:
        """Those that were approved last; empty where none were added."""
        ...

    def add(self, key: CampaignKey, texts: Sequence[str]) -> None:
        """Add an approved campaign's to its tenant's (``RecentCampaigns.added``); of several at the same moment none
        is lost. Raises ``ConcurrentUpdateError`` when others were quicker every time, and nothing was added."""
        ...

    def put(self, key: CampaignKey, texts: Sequence[str]) -> None:
        """Put them aside for the campaign; what was there is replaced."""
        ...

    def remove(self, key: CampaignKey) -> None:
        """Those of the campaign, also where there are none."""
        ...


class ManifestStore(Protocol):
    def locate(self, key: CampaignKey, revision: int = 0) -> ManifestLocation:
        """Where the campaign's manifest is, or will be."""
        ...

    def write(self, key: CampaignKey, batches: Sequence[Batch], revision: int = 0) -> ManifestLocation:
        """Store the map's items as a JSON array; the manifest of the same revision of the campaign is replaced."""
        ...

    def remove(self, location: ManifestLocation) -> None:
        """Also where there is none."""
        ...
