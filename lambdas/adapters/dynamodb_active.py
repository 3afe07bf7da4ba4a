"""The list of active campaigns in the table, spread over a few partitions that nothing else uses.

Actions on the table: ``dynamodb:Query`` (all), ``PutItem`` (put), ``DeleteItem`` (remove).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from lambdas.adapters import dynamodb_keys as keys
from lambdas.adapters.dynamodb_table import Table
from lambdas.core.active import ActiveCampaign
from lambdas.core.ids import CampaignKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoActive:
    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def all(self) -> Iterator[ActiveCampaign]:
        for shard in range(keys.ACTIVE_SHARDS):
            for item in self._table.query(keys.active_partition(shard), keys.CAMPAIGNS):
                yield ActiveCampaign.from_record(item)

    def put(self, entry: ActiveCampaign) -> None:
        self._table.put(keys.active(entry.key), entry.to_record())

    def remove(self, key: CampaignKey) -> None:
        self._table.delete(keys.active(key))
