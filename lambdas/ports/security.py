"""Security events: what somebody who watches the system wants to hear of."""

from typing import Protocol


class SecurityLog(Protocol):
    def event(self, name: str, **fields: str) -> None:
        """Log a security event; ``fields`` hold ids and reasons, never a token or an address."""
        ...
