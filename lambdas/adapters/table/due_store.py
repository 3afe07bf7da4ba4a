"""The due index in the table: one partition for each kind and shard, sorted by time.

Actions on the table: ``dynamodb:Query`` (due), ``PutItem`` (put), ``DeleteItem`` (remove).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from lambdas.adapters.table import keys
from lambdas.adapters.telemetry import count, logger
from lambdas.domain.due_entry import DueEntry, Kind
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.base import iso
from lambdas.ports.table import Between, Equals, Table

_PAGE = 100
"""An entry has about 250 bytes, so a full page costs about six read units, and an empty one costs one."""
_AFTER_EVERY_KEY = "~"
"""In a sort key the time is followed by ``#``, which sorts before this character."""


class TableDue:
    def __init__(self, table: Table) -> None:
        self._table = table

    def due(self, kind: Kind, shard: int, until: datetime | None) -> Iterator[DueEntry]:
        # A key condition accepts no empty bound. Times begin with a digit.
        bounds = Between("0", f"{iso(until)}{_AFTER_EVERY_KEY}" if until else _AFTER_EVERY_KEY)
        for item in self._table.scroll(keys.due_partition(kind, shard), bounds, _PAGE):
            try:
                entry = _entry(kind, shard, item)
            except (KeyError, ValueError, TypeError) as error:
                # A damaged entry cannot be handled and must not block the others; `rebuild` creates it anew.
                logger().error("due entry cannot be read", kind=kind, shard=shard, entry=item, exc_info=error)
                count("DueUnreadable", Kind=kind)
                continue
            yield entry

    def put(self, entry: DueEntry) -> None:
        self._table.put(place(entry), fields(entry))

    def remove(self, entry: DueEntry) -> None:
        self._table.delete_if(place(entry), Equals("putAt", iso(entry.put_at)))


def place(entry: DueEntry) -> keys.ItemKey:
    """The entry's key, for writers that put it in a transaction."""
    return keys.due(entry.kind, entry.shard, entry.at, entry.key, entry.item)


def fields(entry: DueEntry) -> dict[str, Any]:
    """The item without its key."""
    return {
        "tenantId": entry.key.tenant_id,
        "campaignId": entry.key.campaign_id,
        "item": entry.item or None,
        "at": iso(entry.at),
        "dueAt": iso(entry.due_at),
        "putAt": iso(entry.put_at),
        "failures": entry.failures or None,
    }


def _entry(kind: Kind, shard: int, item: Mapping[str, Any]) -> DueEntry:
    return DueEntry(
        kind,
        shard,
        at=datetime.fromisoformat(item["at"]),
        key=CampaignKey(TenantId(item["tenantId"]), CampaignId(item["campaignId"])),
        item=item.get("item", ""),
        due_at=datetime.fromisoformat(item["dueAt"]),
        put_at=datetime.fromisoformat(item["putAt"]),
        failures=item.get("failures", 0),
    )
