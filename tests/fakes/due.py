"""The due index in memory."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from lambdas.domain.due import DueEntry, Kind
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.base import iso


class _Place(NamedTuple):
    at: str
    key: CampaignKey
    item: str


class MemoryDue:
    """``read`` counts the entries that were read."""

    def __init__(self) -> None:
        self._shards: dict[tuple[Kind, int], dict[_Place, DueEntry]] = {}
        self.read = 0

    def due(self, kind: Kind, shard: int, until: datetime | None) -> Iterator[DueEntry]:
        entries = self._shards.get((kind, shard), {})
        last: _Place | None = None
        while True:  # each is looked for when it is asked for, as a query's pages are
            rest = [place for place in entries if last is None or place > last]
            last = min(rest, default=None)
            if last is None or (until is not None and last.at > iso(until)):
                return
            self.read += 1
            yield entries[last]

    def put(self, entry: DueEntry) -> None:
        self._shards.setdefault((entry.kind, entry.shard), {})[_place(entry)] = entry

    def remove(self, entry: DueEntry) -> None:
        entries = self._shards.get((entry.kind, entry.shard), {})
        found = entries.get(_place(entry))
        if found and iso(found.put_at) == iso(entry.put_at):
            del entries[_place(entry)]

    def all(self, kind: Kind) -> list[DueEntry]:
        """Whatever is in the index, oldest first."""
        found = [entry for (each, _), shard in self._shards.items() if each is kind for entry in shard.values()]
        return sorted(found, key=_place)


def _place(entry: DueEntry) -> _Place:
    return _Place(iso(entry.at), entry.key, entry.item)
