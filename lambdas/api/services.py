"""What the REST API works with."""

from collections.abc import Callable
from typing import NamedTuple

from lambdas.api.logs import RequestLog
from lambdas.api.submission import Intake
from lambdas.core.active import ActiveCampaigns
from lambdas.core.effects import EffectStore
from lambdas.core.executions import Executions
from lambdas.core.mailing import Senders
from lambdas.core.ports import (
    ApprovalStore,
    CampaignStore,
    CatalogStore,
    CheckpointStore,
    Cipher,
    Clock,
    Engine,
    IdSource,
    Keys,
    PostStore,
)
from lambdas.core.recovery import RecoveryPorts
from lambdas.services.quota import Quota


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
