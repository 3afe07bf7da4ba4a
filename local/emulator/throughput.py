"""Partitions take no more than on AWS: over it, writes and reads are refused.

``LOCAL_PARTITION_THROUGHPUT``: ``<write units a second>:<burst>``; off where it is not set, since it costs time. On
AWS a partition takes 1,000 write units and 3,000 read units a second, reads and writes apart (docs.aws.amazon.com/
amazondynamodb/latest/developerguide/bp-partition-key-design.html), and after a rest a burst on top: up to 300 seconds
of unused capacity, of which nothing is promised (…/developerguide/burst-adaptive-capacity.html). So ``1000:0`` is
what may be relied on; a machine that writes slower than that sees refusals with less.

A write over the limit is refused with ``ProvisionedThroughputExceededException``, or inside the 200 of
BatchExecuteStatement as the error of the one statement (…/APIReference/API_BatchStatementError.html), or as a reason
of a cancelled transaction; keys of BatchGetItem come back unprocessed.
"""

import functools
import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from local.emulator.pinned import EmulatorChangedError
from local.emulator.units import READ_BYTES, WRITE_BYTES, WRITES, Operation, Partition, Place, Tables, units

WRITES_PER_SECOND = 1_000.0
_READS_FOR_A_WRITE = 3
_REFUSED = "ProvisionedThroughputExceededException"
_WHY = "The level of configured provisioned throughput for the table was exceeded"

Count = Callable[[str], None]


def install(dynamodb: Any, configured: str, count: Count) -> None:
    """``configured`` as in the environment; ``count`` is told of ``dynamodb:writesRefused`` and ``…:readsRefused``."""
    missing = [name for name in (*WRITES, *_READS, "_extract_pk_from_condition") if name not in vars(dynamodb)]
    if missing:
        raise EmulatorChangedError(f"dynamodb.{missing[0]} is gone")
    writes, _, burst = configured.partition(":")
    limit(dynamodb, Throughput(float(burst), float(writes), count=count))


class Throughput:
    """What every partition may still take. ``now`` in seconds; ``count`` is told of each refusal."""

    def __init__(
        self,
        burst: float = 0,
        writes: float = WRITES_PER_SECOND,
        now: Callable[[], float] = time.monotonic,
        count: Count = lambda _: None,
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
    tables = Tables(dynamodb)
    for name, places_of in WRITES.items():
        run = getattr(dynamodb, name)
        setattr(dynamodb, name, functools.partial(_limited_write, tables, throughput, places_of, run))
    for name, limited in _READS.items():
        setattr(dynamodb, name, functools.partial(limited, tables, throughput, getattr(dynamodb, name)))


def _limited_write(
    tables: Tables,
    throughput: Throughput,
    places_of: Callable[[Tables, dict[str, Any]], list[Place]],
    run: Operation,
    data: dict[str, Any],
) -> Any:
    places = places_of(tables, data)
    partitions = [tables.partition(place) for place in places]
    allowed = [throughput.allows("write", partition) for partition in partitions]
    if not all(allowed):
        return _cancelled(allowed) if "TransactItems" in data else _refusal()
    before = [tables.size(*place) for place in places]
    answer = run(data)
    times = 2 if "TransactItems" in data else 1
    for place, partition, size in zip(places, partitions, before, strict=True):
        throughput.take("write", partition, times * units(max(size, tables.size(*place)), WRITE_BYTES))
    return answer


def _limited_get(tables: Tables, throughput: Throughput, run: Operation, data: dict[str, Any]) -> Any:
    place = data["TableName"], data["Key"]
    partition = tables.partition(place)
    if not throughput.allows("read", partition):
        return _refusal()
    throughput.take("read", partition, _read_units(tables.size(*place), data))
    return run(data)


def _limited_query(tables: Tables, throughput: Throughput, run: Operation, data: dict[str, Any]) -> Any:
    partition = tables.queried(data)
    if not throughput.allows("read", partition):
        return _refusal()
    throughput.take("read", partition, _read_units(tables.page_size(run, data), data))
    return run(data)


def _limited_batch(tables: Tables, throughput: Throughput, run: Operation, data: dict[str, Any]) -> Any:
    """Keys of exhausted partitions are left over; when all are, the request fails
    (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)."""
    kept: dict[str, Any] = {}
    left: dict[str, Any] = {}
    for name, wanted in data["RequestItems"].items():
        for key in wanted["Keys"]:
            partition = tables.partition((name, key))
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


_READS: Mapping[str, Callable[..., Any]] = {
    "_get_item": _limited_get,
    "_query": _limited_query,
    "_batch_get_item": _limited_batch,
}
