"""The tenant's chat in memory."""

from typing import NamedTuple

from lambdas.domain.errors import CampaignError, ChatRefusedError
from lambdas.domain.ids import TenantId


class Told(NamedTuple):
    tenant_id: TenantId
    email: str
    text: str
    link: tuple[str, str]


class MemoryChat:
    """``told`` and ``announced``, in order. Only ``members`` (where any are given) are known; ``error`` is raised."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.announced: list[tuple[TenantId, str, str]] = []
        self.members: set[str] = set()
        self.error: CampaignError | None = None

    def tell(self, tenant_id: TenantId, email: str, text: str, link: tuple[str, str]) -> None:
        if self.error:
            raise self.error
        if self.members and email not in self.members:
            raise ChatRefusedError("Slack answered users_not_found")
        self.told.append(Told(tenant_id, email, text, link))

    def announce(self, tenant_id: TenantId, channel: str, text: str) -> None:
        if self.error:
            raise self.error
        self.announced.append((tenant_id, channel, text))
