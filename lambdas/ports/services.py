"""What the system tells others by (mail, chat, alerts, logs), and what keeps its secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from lambdas.domain.ids import TenantId

if TYPE_CHECKING:
    from lambdas.domain.errors import CampaignError
    from lambdas.domain.models.access import KeySet
    from lambdas.domain.models.campaign import Alert
    from lambdas.domain.models.mail import Mail


class Mailer(Protocol):
    def send(self, mail: Mail) -> None: ...


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
    """Lines about one request, or one direct invocation. Every line after ``begin`` carries the correlation id."""

    def begin(self, correlation_id: str) -> None: ...

    def served(self, method: str, route: str, status: int) -> None:
        """``route`` is the path's pattern, or the path; never the query, which holds a reviewer's token."""
        ...

    def failed(self, error: Exception) -> None:
        """An error nobody foresaw, with its traceback."""
        ...

    def started(self, tenant_id: str, campaign_id: str) -> None: ...

    def refused(self, error: CampaignError) -> None: ...


class Cipher(Protocol):
    """What is too precious for a record in the clear. ``context`` belongs to it: another one opens nothing."""

    def seal(self, text: str, context: Mapping[str, str]) -> str: ...

    def open(self, sealed: str, context: Mapping[str, str]) -> str:
        """What was sealed; a text that is not sealed (of a record from before there was this) comes back as it is.

        Raises ``PermanentError`` for another context.
        """
        ...


class Keys(Protocol):
    """Signing keys, from Secrets Manager, cached for a few minutes."""

    def approval(self) -> KeySet: ...

    def api(self) -> KeySet: ...
