"""Checkpoints in the table.

Actions on the table: ``dynamodb:PutItem`` (record), ``Query`` (all).
"""

from typing import TYPE_CHECKING

from lambdas.adapters import dynamodb_keys as keys
from lambdas.adapters.dynamodb_table import Table
from lambdas.core.ids import CampaignKey
from lambdas.core.models.checkpoint import Checkpoint, StepOutcome

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoCheckpoints:
    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def record(self, key: CampaignKey, checkpoint: Checkpoint) -> None:
        place, fields = keys.checkpoint(key, checkpoint), checkpoint.to_wire()
        if checkpoint.outcome is StepOutcome.SUCCEEDED:
            self._table.put(place, fields)
        else:
            self._table.put_new(place, fields)

    def all(self, key: CampaignKey) -> list[Checkpoint]:
        items = self._table.query(keys.campaign_partition(key), keys.CHECKPOINTS)
        return sorted((Checkpoint.from_wire(item) for item in items), key=lambda checkpoint: checkpoint.started_at)
