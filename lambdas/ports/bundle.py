"""All ports of an entry point, by name.

A function that needs one to three ports takes them as parameters; one that needs more takes ``ports: Ports``.
``lambdas/bootstrap.py`` creates each port when it is first used; the tests' ``World`` has all of them in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from lambdas.ports.approval_store import ApprovalStore, NewsStore
    from lambdas.ports.engine import Engine
    from lambdas.ports.objects import CampaignTexts, ManifestStore, RecentTexts
    from lambdas.ports.services import Alerts, Chat, Cipher, Keys, Mailer, RequestLog, Senders, TextModel
    from lambdas.ports.stores import (
        ActiveCampaigns,
        CampaignStore,
        CatalogStore,
        CheckpointStore,
        Clock,
        DueIndex,
        EffectStore,
        IdSource,
        Limits,
        PostStore,
        Promises,
    )


class Deadline(NamedTuple):
    """The time at which Lambda ends the invocation, together with its unfinished work.

    It is the value ``at`` of the clock ``now``, in seconds. The clock is monotonic, and its zero is arbitrary.
    """

    at: float
    now: Callable[[], float]

    def left(self, reserve: float = 0.0) -> float:
        """Seconds until ``reserve`` seconds before the deadline; 0 if that has passed."""
        return max(0.0, self.at - reserve - self.now())


class Ports(Protocol):
    @property
    def campaigns(self) -> CampaignStore: ...
    @property
    def posts(self) -> PostStore: ...
    @property
    def catalog(self) -> CatalogStore: ...
    @property
    def checkpoints(self) -> CheckpointStore: ...
    @property
    def approvals(self) -> ApprovalStore: ...
    @property
    def effects(self) -> EffectStore: ...
    @property
    def news(self) -> NewsStore: ...
    @property
    def manifests(self) -> ManifestStore: ...
    @property
    def recent_texts(self) -> RecentTexts: ...
    @property
    def remembered_texts(self) -> CampaignTexts:
        """The same, with each campaign's texts read once per process; for steps that write posts."""
        ...

    @property
    def promises(self) -> Promises: ...
    @property
    def limits(self) -> Limits:
        """The limits of each tenant."""
        ...

    @property
    def due(self) -> DueIndex: ...
    @property
    def active(self) -> ActiveCampaigns: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def model(self) -> TextModel:
        """The language model that the function's agent uses."""
        ...

    @property
    def mailer(self) -> Mailer: ...
    @property
    def chat(self) -> Chat: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def senders(self) -> Senders: ...
    @property
    def cipher(self) -> Cipher: ...
    @property
    def keys(self) -> Keys: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def ids(self) -> IdSource: ...
    @property
    def log(self) -> RequestLog:
        """Log lines of requests and invocations, and security events."""
        ...

    @property
    def base_url(self) -> str:
        """The API's public URL; empty if unknown. It is read (and cached) when it is first used."""
        ...

    @property
    def deadline(self) -> Deadline | None:
        """When this invocation ends; ``None`` if that is unknown."""
        ...
