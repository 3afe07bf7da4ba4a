"""What the REST API works with."""

from collections.abc import Callable
from typing import NamedTuple

from lambdas.ports.engine import Engine, Executions
from lambdas.ports.services import RequestLog, Senders
from lambdas.ports.stores import (
    ActiveCampaigns,
    ApprovalStore,
    CampaignStore,
    CatalogStore,
    CheckpointStore,
    Cipher,
    Clock,
    EffectStore,
    IdSource,
    Keys,
    PostStore,
)
from lambdas.services.quota import Quota
from lambdas.services.recovery import RecoveryPorts
from lambdas.services.submission import Intake


class Services(NamedTuple):
    campaigns: CampaignStore
    posts: PostStore
    catalog: CatalogStore
    senders: Senders
    checkpoints: CheckpointStore
    approvals: ApprovalStore
    effects: EffectStore
    executions: Executions
    active: ActiveCampaigns
    engine: Engine
    keys: Keys
    clock: Clock
    cipher: Cipher
    ids: IdSource
    log: RequestLog
    quota: Quota
    public_url: Callable[[], str]
    """Where the API is seen from outside, for a gateway that does not say; empty when nobody knows."""

    @property
    def recovery(self) -> RecoveryPorts:
        return RecoveryPorts(self.campaigns, self.posts, self.approvals, self.executions, self.active, self.clock)

    @property
    def intake(self) -> Intake:
        return Intake(self.campaigns, self.catalog, self.engine, self.clock, self.ids, self.log, self.quota)
