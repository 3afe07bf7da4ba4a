"""Checkpoints in the table.

Actions on the table: ``dynamodb:PutItem`` (begin), ``UpdateItem`` (record), ``Query`` (all, page).
"""

from typing import TYPE_CHECKING

from lambdas.adapters.table import keys
from lambdas.adapters.table.table import Table
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.checkpoint import Checkpoint, StepOutcome
from lambdas.ports.cursor import decode_place, encode_place
from lambdas.ports.stores import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


ENDED = (StepOutcome.SUCCEEDED, StepOutcome.FAILED)


class DynamoCheckpoints:
    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def begin(self, key: CampaignKey, checkpoint: Checkpoint) -> None:
        self._table.put_new(keys.checkpoint(key, checkpoint), checkpoint.to_record())

    def record(self, key: CampaignKey, checkpoint: Checkpoint) -> None:
        # What the attempt left before is overwritten field by field, so that a marked effect stays.
        fields = checkpoint.model_dump(mode="json", by_alias=True, exclude={"effect"})
        self._table.update_unless(keys.checkpoint(key, checkpoint), "outcome", ENDED, fields)

    def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Checkpoint]:
        partition = keys.campaign_partition(key)
        after = keys.ItemKey(partition, keys.CHECKPOINTS + decode_place(cursor)) if cursor else None
        found, more = self._table.page(partition, keys.CHECKPOINTS, limit, after=after)
        items = [Checkpoint.from_record(item) for item in found]
        if not more:
            return Page(items, None)
        return Page(items, encode_place(keys.checkpoint(key, items[-1]).sk.removeprefix(keys.CHECKPOINTS)))

    def all(self, key: CampaignKey) -> list[Checkpoint]:
        items = self._table.query(keys.campaign_partition(key), keys.CHECKPOINTS)
        return sorted((Checkpoint.from_record(item) for item in items), key=lambda checkpoint: checkpoint.started_at)
