"""Checkpoints in the table.

Actions on the table: ``dynamodb:PutItem`` (begin), ``UpdateItem`` (record), ``Query`` (all, page).
"""

from contextlib import suppress

from lambdas.adapters.table import keys
from lambdas.adapters.table.attempt import NOT_ENDED
from lambdas.adapters.table.cursors import page_of
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.checkpoint import Checkpoint
from lambdas.ports.paging import decode_place, encode_place
from lambdas.ports.stores import Page
from lambdas.ports.table import NEW, ConditionFailedError, ItemKey, Prefix, Table, Update


class TableCheckpoints:
    def __init__(self, table: Table) -> None:
        self._table = table

    def begin(self, key: CampaignKey, checkpoint: Checkpoint) -> None:
        self._table.put_if(keys.checkpoint(key, checkpoint), checkpoint.to_record(), NEW)

    def record(self, key: CampaignKey, checkpoint: Checkpoint) -> None:
        # What the attempt stored before is overwritten field by field, so that a recorded effect is kept.
        fields = checkpoint.model_dump(mode="json", by_alias=True, exclude={"effect"})
        with suppress(ConditionFailedError):
            self._table.update_if(Update(keys.checkpoint(key, checkpoint), fields, NOT_ENDED))

    def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Checkpoint]:
        partition = keys.campaign_partition(key)
        after = ItemKey(partition, keys.CHECKPOINTS + decode_place(cursor)) if cursor else None
        found, more = page_of(self._table, partition, keys.CHECKPOINTS, limit, after)
        items = [Checkpoint.from_record(item) for item in found]
        if not more:
            return Page(items, None)
        return Page(items, encode_place(keys.checkpoint(key, items[-1]).sk.removeprefix(keys.CHECKPOINTS)))

    def all(self, key: CampaignKey) -> list[Checkpoint]:
        items = self._table.query(keys.campaign_partition(key), Prefix(keys.CHECKPOINTS))
        return sorted((Checkpoint.from_record(item) for item in items), key=lambda checkpoint: checkpoint.started_at)
