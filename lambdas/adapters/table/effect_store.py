"""Effects in the table. Actions on the table: ``dynamodb:PutItem`` (put), ``Query`` (all)."""

from typing import TYPE_CHECKING

from lambdas.adapters.table import keys
from lambdas.adapters.table.table import Table
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.effect import Effect

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoEffects:
    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def put(self, key: CampaignKey, effect: Effect) -> None:
        self._table.put(keys.effect(key, effect.kind, effect.name), effect.to_record())

    def all(self, key: CampaignKey) -> list[Effect]:
        items = self._table.query(keys.campaign_partition(key), keys.EFFECTS)
        return sorted((Effect.from_record(item) for item in items), key=lambda effect: effect.recorded_at)
