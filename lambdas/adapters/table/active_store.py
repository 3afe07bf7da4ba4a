"""Campaigns to be checked by the reconciler: an item beside each campaign's record, found through the due index.

Actions on the table: ``dynamodb:GetItem`` (get), ``PutItem`` (look_at), ``DeleteItem`` (remove, forget_listed) and
``Query`` (listed).
"""

from datetime import datetime

from lambdas.adapters.table import keys
from lambdas.adapters.table.due_store import TableDue
from lambdas.domain.due_entry import SHARDS, Kind, entry_for
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.active import ActiveCampaign
from lambdas.ports.table import EXISTS, Prefix, Record, Table


class TableActive:
    def __init__(self, table: Table) -> None:
        self._table = table
        self._due = TableDue(table)

    def get(self, key: CampaignKey) -> ActiveCampaign | None:
        found = self._table.get(keys.active(key))
        return ActiveCampaign.from_record(found) if found else None

    def look_at(self, entry: ActiveCampaign, due_at: datetime, now: datetime) -> None:
        self._due.put(entry_for(Kind.CAMPAIGN, entry.key, due_at, now))
        self._table.put(keys.active(entry.key), entry.model_copy(update={"due_at": due_at}).to_record())

    def remove(self, key: CampaignKey) -> None:
        self._table.delete_if(keys.active(key), EXISTS)

    def listed(self, shard: int, limit: int) -> list[CampaignKey]:
        """Up to ``limit`` campaigns of the list that version 0.3 and earlier kept; each shard takes a part of it."""
        items: list[Record] = []
        for number in range(shard, keys.ACTIVE_LISTS, SHARDS):
            if len(items) < limit:
                items += self._table.query(keys.active_list(number), Prefix(keys.CAMPAIGNS), limit=limit - len(items))
        return [CampaignKey(TenantId(item["tenantId"]), CampaignId(item["campaignId"])) for item in items]

    def forget_listed(self, key: CampaignKey) -> None:
        self._table.delete_if(keys.listed_active(key), EXISTS)
