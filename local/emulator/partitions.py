"""Partitions as they are on AWS: each takes so much a second, and a read that does not insist may be behind.

ministack takes any rate and always answers the newest version. Both corrections cost time, so they are off unless the
environment switches them on, for suites of their own.

``LOCAL_PARTITION_THROUGHPUT``: ``<write units a second>:<burst>``. On AWS a partition takes 1,000 write units and 3,000
read units a second, apart (docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html), and
after a rest a burst of up to 300 seconds of unused capacity, of which nothing is promised
(…/burst-adaptive-capacity.html): ``1000:0``. A machine that writes slower sees refusals with less. A write over the limit
is refused with ``ProvisionedThroughputExceededException``, inside the 200 of BatchExecuteStatement as the error of one
statement (…/APIReference/API_BatchStatementError.html), or as a reason of a cancelled transaction; keys of BatchGetItem
come back unprocessed.

``LOCAL_STALE_READS``: ``<probability>:<seed>``. So many of the reads without ``ConsistentRead`` see their partition as
it was up to a second ago (…/developerguide/HowItWorks.ReadConsistency.html: a write is everywhere "usually within one
second or less").
"""

import copy
import functools
import json
import random
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from local.emulator.pinned import EmulatorChangedError
from local.emulator.units import READ_BYTES, WRITE_BYTES, Operation, Place, Tables, units

WRITES_PER_SECOND = 1_000.0
_READS_FOR_A_WRITE = 3
LAG_SECONDS = 1.0
_REFUSED = "ProvisionedThroughputExceededException"
_WHY = "The level of configured provisioned throughput for the table was exceeded"
_READS = ("_get_item", "_batch_get_item", "_query", "_scan")


class Partition(NamedTuple):
    table: str
    key: str


def install(dynamodb: Any, throughput: str, stale: str, count: Callable[[str], None]) -> None:
    """``throughput`` and ``stale`` as in the environment; empty is off.

    ``count`` is told of ``dynamodb:writesRefused``, ``dynamodb:readsRefused`` and ``dynamodb:readsBehind``.
    """
    needed = (*_READS, *_WRITES, "_tables", "_extract_pk_from_condition")
    missing = [name for name in needed if name not in vars(dynamodb)]
    if missing:
        raise EmulatorChangedError(f"dynamodb.{missing[0]} is gone")
    if throughput:
        writes, _, burst = throughput.partition(":")
        limit(dynamodb, Throughput(float(burst), float(writes), count=count))
    if stale:
        probability, _, seed = stale.partition(":")
        chance = random.Random(int(seed))  # noqa: S311 - chosen to be repeatable
        lag(dynamodb, float(probability), chance, count=count)


_WRITES: Mapping[str, Callable[[Tables, dict[str, Any]], list[Place]]] = {
    "_put_item": lambda _, data: [(data["TableName"], data["Item"])],
    "_update_item": lambda _, data: [(data["TableName"], data["Key"])],
    "_delete_item": lambda _, data: [(data["TableName"], data["Key"])],
    "_execute_statement": lambda tables, data: [place for place in [tables.written_by(data)] if place],
    "_transact_write_items": Tables.written_together,
}
"""What each operation writes."""


class _Keys:
    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb

    def partition(self, place: Place) -> Partition:
        name, item = place
        return Partition(name, next(iter(item[self._dynamodb._tables[name]["pk_name"]].values())))

    def queried(self, data: Mapping[str, Any]) -> Partition:
        name = data["TableName"]
        values, names = data.get("ExpressionAttributeValues") or {}, data.get("ExpressionAttributeNames") or {}
        pk_name = self._dynamodb._tables[name]["pk_name"]
        key = self._dynamodb._extract_pk_from_condition(data["KeyConditionExpression"], values, names, pk_name)
        return Partition(name, str(key))


class Throughput:
    """What every partition may still take. ``now`` in seconds; ``count`` is told of each refusal."""

    def __init__(
        self,
        burst: float = 0,
        writes: float = WRITES_PER_SECOND,
        now: Callable[[], float] = time.monotonic,
        count: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._rates = {"write": writes, "read": writes * _READS_FOR_A_WRITE}
        self._capacity = {kind: rate + burst for kind, rate in self._rates.items()}
        self._now = now
        self._levels: dict[tuple[str, Partition], tuple[float, float]] = {}
        self._lock = threading.Lock()
        self._count = count

    def allows(self, kind: str, partition: Partition) -> bool:
        """A request is taken as long as anything is left: what it costs is known only when it is done."""
        with self._lock:
            allowed = self._level(kind, partition) > 0
        if not allowed:
            self._count(f"dynamodb:{kind}sRefused")
        return allowed

    def take(self, kind: str, partition: Partition, amount: float) -> None:
        with self._lock:
            self._levels[kind, partition] = (self._level(kind, partition) - amount, self._now())

    def _level(self, kind: str, partition: Partition) -> float:
        level, at = self._levels.get((kind, partition), (self._capacity[kind], self._now()))
        return min(self._capacity[kind], level + (self._now() - at) * self._rates[kind])


def limit(dynamodb: Any, throughput: Throughput) -> None:
    """Let partitions refuse what is too much for them."""
    tables, keys = Tables(dynamodb), _Keys(dynamodb)
    for name, places_of in _WRITES.items():
        run = getattr(dynamodb, name)
        setattr(dynamodb, name, functools.partial(_limited_write, tables, keys, throughput, places_of, run))
    for name, limited in (("_get_item", _limited_get), ("_query", _limited_query), ("_batch_get_item", _limited_batch)):
        setattr(dynamodb, name, functools.partial(limited, tables, keys, throughput, getattr(dynamodb, name)))


def _limited_write(
    tables: Tables,
    keys: _Keys,
    throughput: Throughput,
    places_of: Callable[[Tables, dict[str, Any]], list[Place]],
    run: Operation,
    data: dict[str, Any],
) -> Any:
    places = places_of(tables, data)
    partitions = [keys.partition(place) for place in places]
    allowed = [throughput.allows("write", partition) for partition in partitions]
    if not all(allowed):
        return _cancelled(allowed) if "TransactItems" in data else _refusal()
    before = [tables.size(*place) for place in places]
    answer = run(data)
    times = 2 if "TransactItems" in data else 1
    for place, partition, size in zip(places, partitions, before, strict=True):
        throughput.take("write", partition, times * units(max(size, tables.size(*place)), WRITE_BYTES))
    return answer


def _limited_get(tables: Tables, keys: _Keys, throughput: Throughput, run: Operation, data: dict[str, Any]) -> Any:
    place = data["TableName"], data["Key"]
    partition = keys.partition(place)
    if not throughput.allows("read", partition):
        return _refusal()
    throughput.take("read", partition, _read_units(tables.size(*place), data))
    return run(data)


def _limited_query(tables: Tables, keys: _Keys, throughput: Throughput, run: Operation, data: dict[str, Any]) -> Any:
    partition = keys.queried(data)
    if not throughput.allows("read", partition):
        return _refusal()
    throughput.take("read", partition, _read_units(tables.page_size(run, data), data))
    return run(data)


def _limited_batch(tables: Tables, keys: _Keys, throughput: Throughput, run: Operation, data: dict[str, Any]) -> Any:
    """Keys of exhausted partitions are left over; when all are, the request fails
    (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)."""
    kept: dict[str, Any] = {}
    left: dict[str, Any] = {}
    for name, wanted in data["RequestItems"].items():
        for key in wanted["Keys"]:
            partition = keys.partition((name, key))
            allowed = throughput.allows("read", partition)
            (kept if allowed else left).setdefault(name, {**wanted, "Keys": []})["Keys"].append(key)
            if allowed:
                throughput.take("read", partition, _read_units(tables.size(name, key), wanted))
    if not kept:
        return _refusal()
    status, headers, body = run({**data, "RequestItems": kept})
    if not left or status != 200:
        return status, headers, body
    answer = json.loads(body)
    answer["UnprocessedKeys"] = {**answer.get("UnprocessedKeys", {}), **left}
    return status, headers, json.dumps(answer, ensure_ascii=False).encode()


def _read_units(size: int, data: Mapping[str, Any]) -> float:
    return units(size, READ_BYTES) * (1 if data.get("ConsistentRead") else 0.5)


def _refusal() -> tuple[int, dict[str, str], bytes]:
    return _error({"__type": _REFUSED, "message": _WHY})


def _cancelled(allowed: list[bool]) -> tuple[int, dict[str, str], bytes]:
    refused = {"Code": _REFUSED.removesuffix("Exception"), "Message": _WHY}
    reasons = [{"Code": "None"} if may else refused for may in allowed]
    listed = ", ".join(reason["Code"] for reason in reasons)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{listed}]"
    return _error({"__type": "TransactionCanceledException", "message": message, "CancellationReasons": reasons})


def _error(body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-errortype": body["__type"]}
    return 400, headers, json.dumps(body).encode()


class _Change(NamedTuple):
    """An item as it was before a write; ``None`` when there was none."""

    at: float
    sort_key: str
    before: Any


class _Past:
    """What the partitions were like within the last second."""

    def __init__(self, dynamodb: Any, now: Callable[[], float]) -> None:
        self._dynamodb, self._keys, self._now = dynamodb, _Keys(dynamodb), now
        self._changes: defaultdict[Partition, deque[_Change]] = defaultdict(deque)
        self._lock = threading.Lock()

    def write(
        self, places_of: Callable[[Tables, dict[str, Any]], list[Place]], run: Operation, data: dict[str, Any]
    ) -> Any:
        places = places_of(Tables(self._dynamodb), data)
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
    for name, places_of in _WRITES.items():
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
