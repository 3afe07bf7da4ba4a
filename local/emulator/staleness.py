"""Eventually consistent reads may return old data, as on AWS.

``LOCAL_STALE_READS``: ``<probability>:<seed>``; off if it is not set, since it costs time. With that probability a read
without ``ConsistentRead`` sees its tables as they were up to a second ago: eventually consistent reads "might not
reflect the results of a recently completed write" (docs.aws.amazon.com/amazondynamodb/latest/developerguide/
HowItWorks.ReadConsistency.html). ministack always returns the newest version.
"""

import copy
import functools
import random
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from local.emulator.patch import Emulator, patch
from local.emulator.units import Operation, Partition, Tables

LAG_SECONDS = 1.0
_CONSISTENCY = "docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html"


class _Change(NamedTuple):
    """An item as it was before a write; ``None`` if it did not exist."""

    at: float
    sort_key: str
    before: Any


class Past:
    """The state of the partitions within the last second; ``behind`` counts the reads that saw old data."""

    def __init__(self, dynamodb: Any, probability: float, seed: int, now: Callable[[], float] = time.monotonic) -> None:
        self._dynamodb, self._keys, self._now = dynamodb, Tables(dynamodb), now
        self._probability, self._chance = probability, random.Random(seed)  # noqa: S311 - chosen to be repeatable
        self._changes: defaultdict[Partition, deque[_Change]] = defaultdict(deque)
        self._lock = threading.Lock()
        self.behind: Counter[str] = Counter()

    def write(self, run: Operation, data: dict[str, Any]) -> Any:
        places = self._keys.written(data)
        before = [copy.deepcopy(self._dynamodb._get_item_by_key(self._dynamodb._tables[n], item)) for n, item in places]
        answer = run(data)
        with self._lock:
            for (name, item), old in zip(places, before, strict=True):
                sort_key = next(iter(item[self._dynamodb._tables[name]["sk_name"]].values()))
                changes = self._changes[self._keys.partition((name, item))]
                changes.append(_Change(self._now(), sort_key, old))
                while changes[0].at < self._now() - LAG_SECONDS:
                    changes.popleft()
        return answer

    def read(self, run: Operation, data: dict[str, Any]) -> Any:
        asked = [data, *data.get("RequestItems", {}).values()]
        insists = any(request.get("ConsistentRead") for request in asked)
        if insists or self._chance.random() >= self._probability:
            return run(data)
        self.behind["reads"] += 1
        with self._ago(self._chance.uniform(0, LAG_SECONDS)):
            return run(data)

    @contextmanager
    def _ago(self, seconds: float) -> Iterator[None]:
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
    """Replaces ``dynamodb._tables``: the same tables, with the changes ``undone`` (newest first) taken back."""

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


def _past(emulator: Emulator) -> Past | None:
    if not emulator.config.stale_reads:
        return None
    probability, _, seed = emulator.config.stale_reads.partition(":")
    dynamodb = emulator.module("services.dynamodb")
    past = emulator.shared(Past, lambda: Past(dynamodb, float(probability), int(seed)))
    emulator.pages["behind.json"] = lambda: past.behind
    return past


@patch("services.dynamodb", "_put_item", "bedd46ca", aws=_CONSISTENCY)
@patch("services.dynamodb", "_update_item", "4ae0d444", aws=_CONSISTENCY)
@patch("services.dynamodb", "_delete_item", "54866289", aws=_CONSISTENCY)
@patch("services.dynamodb", "_execute_statement", "eb23887a", aws=_CONSISTENCY)
@patch("services.dynamodb", "_transact_write_items", "d931eab0", aws=_CONSISTENCY)
def remember_what_was(original: Operation, emulator: Emulator) -> Operation:
    """What a write replaces is remembered for a second."""
    past = _past(emulator)
    return functools.partial(past.write, original) if past else original


@patch("services.dynamodb", "_get_item", "40a3e29c", aws=_CONSISTENCY)
@patch("services.dynamodb", "_batch_get_item", "d6d516ae", aws=_CONSISTENCY)
@patch("services.dynamodb", "_query", "50c2e7ec", aws=_CONSISTENCY)
@patch("services.dynamodb", "_scan", "7094ff00", aws=_CONSISTENCY)
def stale_reads(original: Operation, emulator: Emulator) -> Operation:
    """An eventually consistent read sometimes returns an earlier version."""
    past = _past(emulator)
    return functools.partial(past.read, original) if past else original
