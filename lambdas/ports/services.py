"""What the system is told to tell others: people in chat, operators, whoever watches the logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lambdas.domain.ids import TenantId

if TYPE_CHECKING:
    from lambdas.domain.errors import CampaignError
    from lambdas.domain.models.campaign import Alert


class Chat(Protocol):
    """Slack. Raises ``ChatRefusedError`` when it refuses for good, ``RetryableError`` when it may work later."""

    def tell(self, tenant_id: TenantId, email: str, text: str, link: tuple[str, str]) -> None:
        """A direct message to the person of that address: ``text``, and below it a link of (address, words)."""
        ...

    def announce(self, tenant_id: TenantId, channel: str, text: str) -> None: ...


class Senders(Protocol):
    """The identities that the mail service has verified."""

    def refusal(self, tenant_id: TenantId, address: str) -> str | None:
        """Why the tenant cannot send from ``address``, in words for a person; ``None`` when it can."""
        ...


class Alerts(Protocol):
    def send(self, alert: Alert) -> None: ...


class SecurityLog(Protocol):
    def event(self, name: str, **fields: str) -> None:
        """Log a security event; ``fields`` hold ids and reasons, never a token or an address."""
        ...


class RequestLog(SecurityLog, Protocol):
    """Lines about one request. Every line after ``begin`` carries the correlation id."""

    def begin(self, correlation_id: str) -> None: ...

    def served(self, method: str, route: str, status: int) -> None:
        """``route`` is the path's pattern, or the path; never the query, which holds a reviewer's token."""
        ...

    def failed(self, error: Exception) -> None:
        """An error nobody foresaw, with its traceback."""
        ...


class InvocationLog(Protocol):
    """Lines about one direct invocation."""

    def begin(self, correlation_id: str) -> None: ...

    def started(self, tenant_id: str, campaign_id: str) -> None: ...

    def refused(self, error: CampaignError) -> None: ...
