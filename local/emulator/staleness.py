"""Reads that do not insist on the newest version may be behind, as on AWS.

``LOCAL_STALE_READS``: ``<probability>:<seed>``; off where it is not set, since it costs time. So many of the reads
without ``ConsistentRead`` see their tables as they were up to a second ago: eventually consistent reads "might not
reflect the results of a recently completed write" (docs.aws.amazon.com/amazondynamodb/latest/developerguide/
HowItWorks.ReadConsistency.html). ministack always answers the newest version.
"""

import copy
import functools
import random
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from local.emulator.pinned import EmulatorChangedError
from local.emulator.units import WRITES, Operation, Partition, Place, Tables

LAG_SECONDS = 1.0
_READS = ("_get_item", "_batch_get_item", "_query", "_scan")


def install(dynamodb: Any, configured: str, count: Callable[[str], None]) -> None:
    """``configured`` as in the environment; ``count`` is told of each ``dynamodb:readsBehind``."""
    missing = [name for name in (*WRITES, *_READS, "_tables") if name not in vars(dynamodb)]
    if missing:
        raise EmulatorChangedError(f"dynamodb.{missing[0]} is gone")
    probability, _, seed = configured.partition(":")
    chance = random.Random(int(seed))  # noqa: S311 - chosen to be repeatable
    lag(dynamodb, float(probability), chance, count=count)


class _Change(NamedTuple):
    """An item as it was before a write; ``None`` when there was none."""

    at: float
    sort_key: str
    before: Any


class _Past:
    """What the partitions were like within the last second."""

    def __init__(self, dynamodb: Any, now: Callable[[], float]) -> None:
        self._dynamodb, self._sizes, self._now = dynamodb, Tables(dynamodb), now
        self._changes: defaultdict[Partition, deque[_Change]] = defaultdict(deque)
        self._lock = threading.Lock()

    def write(
        self, places_of: Callable[[Tables, dict[str, Any]], list[Place]], run: Operation, data: dict[str, Any]
    ) -> Any:
        places = places_of(self._sizes, data)
        before = [copy.deepcopy(self._dynamodb._get_item_by_key(self._dynamodb._tables[n], item)) for n, item in places]
        answer = run(data)
        with self._lock:
            for (name, item), old in zip(places, before, strict=True):
                sort_key = next(iter(item[self._dynamodb._tables[name]["sk_name"]].values()))
                changes = self._changes[self._sizes.partition((name, item))]
                changes.append(_Change(self._now(), sort_key, old))
                while changes[0].at < self._now() - LAG_SECONDS:
                    changes.popleft()
        return answer

    @contextmanager
    def ago(self, seconds: float) -> Iterator[None]:
        """Requests see the tables as they were then."""
        with self._lock:
            since = self._now() - seconds
            undone = {
                partition: [change for change in reversed(changes) if change.at > since]
                for partition, changes in self._changes.items()
            }
        tables = self._dynamodb._tables
        self._dynamodb._tables = _EarlierTables(
            tables, {place: list(found) for place, found in undone.items() if found}
        )
        try:
            yield
        finally:
            self._dynamodb._tables = tables


class _EarlierTables:
    """Stands for ``dynamodb._tables``: the same tables, less the changes of ``undone`` (the newest first)."""

    def __init__(self, tables: Any, undone: Mapping[Partition, list[_Change]]) -> None:
        self._tables, self._undone = tables, undone

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tables, name)

    def __contains__(self, name: object) -> bool:
        return name in self._tables

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def get(self, name: str, default: Any = None) -> Any:
        table = self._tables.get(name, default)
        changed = {partition.key: changes for partition, changes in self._undone.items() if partition.table == name}
        if not table or not changed:
            return table
        items = copy.copy(table["items"])
        for key, changes in changed.items():
            items[key] = _undo(items.get(key, {}), changes)
        return {**table, "items": items}


def _undo(bucket: Mapping[str, Any], changes: list[_Change]) -> dict[str, Any]:
    earlier = dict(bucket)
    for change in changes:
        if change.before is None:
            earlier.pop(change.sort_key, None)
        else:
            earlier[change.sort_key] = change.before
    return earlier


def lag(
    dynamodb: Any,
    probability: float,
    chance: random.Random,
    now: Callable[[], float] = time.monotonic,
    count: Callable[[str], None] = lambda _: None,
) -> None:
    """Let reads that do not ask for the newest version sometimes get an earlier one."""
    past = _Past(dynamodb, now)
    for name, places_of in WRITES.items():
        setattr(dynamodb, name, functools.partial(past.write, places_of, getattr(dynamodb, name)))

    def read(run: Operation, data: dict[str, Any]) -> Any:
        asked = [data, *data.get("RequestItems", {}).values()]
        if any(request.get("ConsistentRead") for request in asked) or chance.random() >= probability:
            return run(data)
        count("dynamodb:readsBehind")
        with past.ago(chance.uniform(0, LAG_SECONDS)):
            return run(data)

    for name in _READS:
        setattr(dynamodb, name, functools.partial(read, getattr(dynamodb, name)))
