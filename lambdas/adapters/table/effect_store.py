"""Effects in the table. Actions on the table: ``dynamodb:PutItem`` (put), ``Query`` (all)."""

from lambdas.adapters.table import keys
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.effect import Effect
from lambdas.ports.table import Prefix, Table


class TableEffects:
    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, key: CampaignKey, effect: Effect) -> None:
        self._table.put(keys.effect(key, effect.kind, effect.name), effect.to_record())

    def all(self, key: CampaignKey) -> list[Effect]:
        items = self._table.query(keys.campaign_partition(key), Prefix(keys.EFFECTS))
        return sorted((Effect.from_record(item) for item in items), key=lambda effect: effect.recorded_at)
