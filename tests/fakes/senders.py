"""Verified identities in memory."""

from lambdas.domain.ids import TenantId


class MemorySenders:
    """``owners`` by address or domain; ``unverified`` are those of them that nobody has confirmed."""

    def __init__(self) -> None:
        self.owners: dict[str, TenantId] = {}
        self.unverified: set[str] = set()

    def refusal(self, tenant_id: TenantId, address: str) -> str | None:
        name = address if address in self.owners else address.rpartition("@")[2]
        if self.owners.get(name) != tenant_id:
            return "is not an address of this tenant's; whoever runs the deployment registers it with the mail service"
        if name in self.unverified:
            return "is not verified yet; follow the link in the mail service's message to it"
        return None
