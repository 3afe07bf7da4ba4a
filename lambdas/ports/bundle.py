"""Everything an entry point may work with, by name.

A function that needs one to three ports takes them as parameters; one that needs more takes ``ports: Ports`` and uses
what it needs. ``lambdas/bootstrap.py`` makes each port when it is first asked for, the tests' ``World`` has them all in
memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from lambdas.ports.approval_store import ApprovalStore
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
    """When the invocation is killed, and with it whatever work it has in its hands.

    It is the moment ``at`` by the clock ``now``, in seconds; the clock never jumps and means nothing by itself.
    """

    at: float
    now: Callable[[], float]

    def left(self, reserve: float = 0.0) -> float:
        """Seconds until ``reserve`` seconds before it; 0 when that moment has passed."""
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
    def manifests(self) -> ManifestStore: ...
    @property
    def recent_texts(self) -> RecentTexts: ...
    @property
    def remembered_texts(self) -> CampaignTexts:
        """The same, each campaign's read once by a process: for those who write posts."""
        ...

    @property
    def promises(self) -> Promises: ...
    @property
    def limits(self) -> Limits:
        """Of each tenant."""
        ...

    @property
    def due(self) -> DueIndex: ...
    @property
    def active(self) -> ActiveCampaigns: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def model(self) -> TextModel:
        """The language model that the function's agent asks."""
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
        """Requests, invocations and security events."""
        ...

    @property
    def base_url(self) -> str:
        """Where the API is seen from outside; empty when nobody knows. Read (and cached) when it is asked for."""
        ...

    @property
    def deadline(self) -> Deadline | None:
        """When this invocation is killed; ``None`` where that is not known."""
        ...
