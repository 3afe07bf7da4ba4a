"""Checkpoints in the table.

Actions on the table: ``dynamodb:PutItem`` (record), ``Query`` (all).
"""

from typing import TYPE_CHECKING

from lambdas.adapters import dynamodb_keys as keys
from lambdas.adapters.dynamodb_table import Table
from lambdas.core.ids import CampaignKey
from lambdas.core.models.checkpoint import Checkpoint

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoCheckpoints:
    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def record(self, key: CampaignKey, checkpoint: Checkpoint) -> None:
        self._table.put(keys.checkpoint(key, checkpoint), checkpoint.to_wire())

    def all(self, key: CampaignKey) -> list[Checkpoint]:
        items = self._table.query(keys.campaign_partition(key), keys.CHECKPOINTS)
        return sorted((Checkpoint.from_wire(item) for item in items), key=lambda checkpoint: checkpoint.started_at)
