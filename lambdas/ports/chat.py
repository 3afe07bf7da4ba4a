"""Talking to people in the tenant's chat."""

from typing import Protocol

from lambdas.domain.ids import TenantId


class Chat(Protocol):
    """Slack. Raises ``ChatRefusedError`` when it refuses for good, ``RetryableError`` when it may work later."""

    def tell(self, tenant_id: TenantId, email: str, text: str, link: tuple[str, str]) -> None:
        """A direct message to the person of that address: ``text``, and below it a link of (address, words)."""
        ...

    def announce(self, tenant_id: TenantId, channel: str, text: str) -> None: ...
