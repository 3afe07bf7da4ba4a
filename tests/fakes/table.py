"""``Table`` in memory: the same conditions, orders, answers and limits, without a request."""

import json
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from threading import RLock
from typing import Any

from lambdas.domain.record_size import MAX_ITEM_BYTES, record_bytes
from lambdas.ports.table import (
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_ITEMS,
    NEW,
    PK,
    SK,
    Absent,
    AllOf,
    AnyOf,
    AtMost,
    Between,
    Condition,
    ConditionFailedError,
    Delete,
    Equals,
    ItemKey,
    OneOf,
    Prefix,
    Present,
    Put,
    Record,
    Update,
    Write,
)

Item = dict[str, str]
"""The fields of an item as JSON texts, so that nobody shares a list or an object with the table."""
_MISSING = object()
_SURELY_FITS = MAX_ITEM_BYTES // 2
"""Characters of JSON in ASCII, of which an item of this many has at most twice as many bytes."""


class MemoryTable:
    """``read`` counts the records that queries answered."""

    def __init__(self) -> None:
        self.read = 0
        self._items: dict[ItemKey, Item] = {}
        self._sorted: dict[str, list[str]] = {}
        self._lock = RLock()

    def get(self, key: ItemKey) -> Record | None:
        with self._lock:
            return self._record(key) if key in self._items else None

    def get_many(self, keys: Sequence[ItemKey]) -> dict[ItemKey, Record]:
        with self._lock:
            return {key: self._record(key) for key in keys if key in self._items}

    def query(
        self,
        pk: str,
        keys: Prefix | Between,
        *,
        after: ItemKey | None = None,
        limit: int | None = None,
        newest_first: bool = False,
        consistent: bool = True,
        only: Sequence[str] = (),
    ) -> list[Record]:
        del consistent  # every read is
        with self._lock:
            sort_keys = self._between(pk, keys)
            if newest_first:
                sort_keys.reverse()
            if after:
                sort_keys = [sk for sk in sort_keys if (sk < after.sk if newest_first else sk > after.sk)]
            self.read += len(sort_keys[:limit])
            return [self._record(ItemKey(pk, sk), only) for sk in sort_keys[:limit]]

    def scroll(self, pk: str, keys: Prefix | Between, page: int, *, after: ItemKey | None = None) -> Iterator[Record]:
        while True:
            with self._lock:
                found = [sk for sk in self._between(pk, keys) if after is None or sk > after.sk][:page]
                self.read += len(found)
                records = [self._record(ItemKey(pk, sk)) for sk in found]
            yield from records
            if len(found) < page:
                return
            after = ItemKey(pk, found[-1])

    def keys(self, pk: str, limit: int) -> list[ItemKey]:
        with self._lock:
            return [ItemKey(pk, sk) for sk in self._sorted.get(pk, [])[:limit]]

    def _between(self, pk: str, keys: Prefix | Between) -> list[str]:
        if not pk or "" in keys:
            raise ValueError("a key condition takes no empty text")
        held = self._sorted.get(pk, [])
        match keys:
            case Prefix(text):
                start = end = bisect_left(held, text)
                while end < len(held) and held[end].startswith(text):
                    end += 1
                return held[start:end]
            case Between(low, high):
                return held[bisect_left(held, low) : bisect_right(held, high)]

    def _record(self, key: ItemKey, only: Sequence[str] = ()) -> Record:
        item = self._items[key]
        return {name: json.loads(item[name]) for name in only or item if item.get(name, "null") != "null"}

    def put(self, key: ItemKey, fields: Mapping[str, Any]) -> None:
        self.transact([Put(key, fields)])

    def put_if(self, key: ItemKey, fields: Mapping[str, Any], condition: Condition) -> bool:
        return self._holds(Put(key, fields, condition))

    def update_if(self, update: Update) -> Record:
        with self._lock:
            self.transact([update])
            return self._record(update.key)

    def delete_if(self, key: ItemKey, condition: Condition) -> bool:
        with self._lock:
            item = self._items.get(key)
            done = _meets(item, condition)
            if done and item is not None:
                del self._items[key]
                self._sorted[key.pk].remove(key.sk)
            return done

    def transact(self, writes: Sequence[Write]) -> None:
        if len(writes) > MAX_TRANSACTION_ITEMS or len({write.key for write in writes}) < len(writes):
            raise ValueError("a transaction has at most a hundred writes, each of another item")
        with self._lock:
            items = [self._items.get(write.key) for write in writes]
            met = [write.condition is None or _meets(items[n], write.condition) for n, write in enumerate(writes)]
            failed = [n for n, held in enumerate(met) if not held]
            if failed:
                key = writes[failed[0]].key
                raise ConditionFailedError(self._record(key) if key in self._items else None, failed)
            made = [_written(item, write) for item, write in zip(items, writes, strict=True)]
            if sum(map(_size, made)) > MAX_TRANSACTION_BYTES:
                raise ValueError("a transaction has at most 4 MB")
            for write, item in zip(writes, made, strict=True):
                self._store(write.key, item)

    def batch(self, writes: Sequence[Write | Delete]) -> list[bool]:
        return [
            self.delete_if(write.key, Present(PK)) or True
            if isinstance(write, Delete)
            else self._holds(_of_a_batch(write))
            for write in writes
        ]

    def _holds(self, write: Write) -> bool:
        try:
            self.transact([write])
        except ConditionFailedError:
            return False
        return True

    def _store(self, key: ItemKey, item: Item) -> None:
        if not key.pk or not key.sk:
            raise ValueError("a key takes no empty text")
        if key not in self._items:
            insort(self._sorted.setdefault(key.pk, []), key.sk)
        self._items[key] = item
        self.wrote(key)

    def wrote(self, key: ItemKey) -> None:
        """Called after each write, for those who watch the table."""


def _of_a_batch(write: Write) -> Write:
    """The write with the condition that it has in a batch."""
    if isinstance(write, Put):
        if not isinstance(write.condition, Absent) or write.condition != NEW:
            raise ValueError("a batch puts new items only")
        return write
    if write.add or write.remove or any("." in field for field in write.changes):
        raise ValueError("a batch sets fields at the top of an item only")
    compared = write.condition.conditions if isinstance(write.condition, AllOf) else [write.condition or Present(PK)]
    if write.condition and any(not isinstance(each, Equals) or "." in each.field for each in compared):
        raise ValueError("a batch compares fields at the top of an item only")
    return write._replace(condition=AllOf([Present(PK), *compared]))


def _meets(item: Item | None, condition: Condition) -> bool:
    match condition:
        case Absent(field):
            return _value(item, field) is _MISSING
        case Present(field):
            return _value(item, field) is not _MISSING
        case Equals(field, value):
            return _same(_value(item, field), json.loads(_text(value)))
        case OneOf(field, values):
            if not 1 <= len(values) <= 100:
                raise ValueError("a field is compared with one to a hundred values")
            return any(_same(_value(item, field), str(value)) for value in values)
        case AtMost(field, value):
            found = _value(item, field)
            return bool(_kind(found) is _kind(value) and found <= value)
        case AllOf(conditions):
            return all(_meets(item, each) for each in conditions)
        case AnyOf(conditions):
            return any(_meets(item, each) for each in conditions)


def _value(item: Item | None, field: str) -> Any:
    first, *path = field.split(".")
    if item is None:
        return _MISSING
    if first in (PK, SK):
        return None  # is there, and compared with nothing
    value = json.loads(item[first]) if first in item else _MISSING
    for name in path:
        value = value.get(name, _MISSING) if isinstance(value, dict) else _MISSING
    return value


def _kind(value: Any) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def _same(one: Any, other: Any) -> bool:
    """Equal, and of one type all the way down: ``True`` is no number."""
    if _kind(one) is not _kind(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(value, other[name]) for name, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def _written(item: Item | None, write: Write) -> Item:
    """The item after the write."""
    if isinstance(write, Put):
        made = {name: _text(value) for name, value in write.fields.items() if value is not None}
    else:
        paths = [*write.changes, *write.add, *write.remove]
        if any(f"{one}.".startswith(f"{other}.") for n, one in enumerate(paths) for other in paths[:n]):
            raise ValueError("two paths of an update overlap")
        made = dict(item or {})
        for path, value in write.changes.items():
            _set(made, path, value)
        for path, more in write.add.items():
            before = _value(made, path)
            _set(made, path, more if before is _MISSING else before + more)
        for path in write.remove:
            _set(made, path, _MISSING)
    if _size(made) > MAX_ITEM_BYTES:
        raise ValueError("an item has at most 400 KB")
    return made


def _set(item: Item, path: str, value: Any) -> None:
    first, *rest = path.split(".")
    if first in (PK, SK):
        raise ValueError("a key is not updated")
    if not rest:
        if value is _MISSING:
            item.pop(first, None)
        else:
            item[first] = _text(value)
        return
    top = inner = json.loads(item.get(first, "null"))
    for name in rest[:-1]:
        inner = inner.get(name) if isinstance(inner, dict) else None
    if not isinstance(inner, dict):
        raise ValueError(f"there is no map for {path} to be in")
    if value is _MISSING:
        inner.pop(rest[-1], None)
    else:
        inner[rest[-1]] = value
    item[first] = _text(top)


def _text(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _size(item: Item) -> int:
    characters = sum(len(name) + len(text) for name, text in item.items())
    return characters if characters <= _SURELY_FITS else record_bytes({n: json.loads(t) for n, t in item.items()})
