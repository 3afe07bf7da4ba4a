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
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from local.emulator.patch import Emulator, patch
from local.emulator.units import READ_BYTES, WRITE_BYTES, Operation, Partition, Tables, units

WRITES_PER_SECOND = 1_000.0
_READS_FOR_A_WRITE = 3
_REFUSED = "ProvisionedThroughputExceededException"
_WHY = "The level of configured provisioned throughput for the table was exceeded"
_LIMITS = "docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
_BATCH_GET = "docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html"


class Throughput:
    """The units that are left for every partition. ``now`` in seconds; ``refused`` counts by kind of unit."""

    def __init__(
        self,
        burst: float = 0,
        writes: float = WRITES_PER_SECOND,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates = {"write": writes, "read": writes * _READS_FOR_A_WRITE}
        self._capacity = {kind: rate + burst for kind, rate in self._rates.items()}
        self._now = now
        self._levels: dict[tuple[str, Partition], tuple[float, float]] = {}
        self._lock = threading.Lock()
        self.refused: Counter[str] = Counter()

    def allows(self, kind: str, partition: Partition) -> bool:
        """A request is accepted as long as anything is left: its cost is only known afterwards."""
        with self._lock:
            allowed = self._level(kind, partition) > 0
            self.refused[kind] += not allowed
            return allowed

    def take(self, kind: str, partition: Partition, amount: float) -> None:
        with self._lock:
            self._levels[kind, partition] = (self._level(kind, partition) - amount, self._now())

    def _level(self, kind: str, partition: Partition) -> float:
        level, at = self._levels.get((kind, partition), (self._capacity[kind], self._now()))
        return min(self._capacity[kind], level + (self._now() - at) * self._rates[kind])


def _limited(
    limit: Callable[[Tables, Throughput, Operation, dict[str, Any]], Any],
) -> Callable[[Operation, Emulator], Operation]:
    """The correction that lets ``limit`` run an operation, if a throughput is configured."""

    @functools.wraps(limit)
    def correct(original: Operation, emulator: Emulator) -> Operation:
        if not emulator.config.partition_throughput:
            return original
        writes, _, burst = emulator.config.partition_throughput.partition(":")
        throughput = emulator.shared(Throughput, lambda: Throughput(float(burst), float(writes)))
        emulator.pages["refused.json"] = lambda: throughput.refused
        return functools.partial(limit, Tables(emulator.module("services.dynamodb")), throughput, original)

    return correct


@patch("services.dynamodb", "_put_item", "bedd46ca", aws=_LIMITS)
@patch("services.dynamodb", "_update_item", "4ae0d444", aws=_LIMITS)
@patch("services.dynamodb", "_delete_item", "54866289", aws=_LIMITS)
@patch("services.dynamodb", "_execute_statement", "eb23887a", aws=_LIMITS)
@patch("services.dynamodb", "_transact_write_items", "d931eab0", aws=_LIMITS)
@_limited
def limited_writes(tables: Tables, throughput: Throughput, run: Operation, data: dict[str, Any]) -> Any:
    """A write to a partition that has nothing left is throttled."""
    places = tables.written(data)
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


@patch("services.dynamodb", "_get_item", "40a3e29c", aws=_LIMITS)
@_limited
def limited_gets(tables: Tables, throughput: Throughput, run: Operation, data: dict[str, Any]) -> Any:
    """The same for a read of one item."""
    place = data["TableName"], data["Key"]
    partition = tables.partition(place)
    if not throughput.allows("read", partition):
        return _refusal()
    throughput.take("read", partition, _read_units(tables.size(*place), data))
    return run(data)


@patch("services.dynamodb", "_query", "50c2e7ec", aws=_LIMITS)
@_limited
def limited_queries(tables: Tables, throughput: Throughput, run: Operation, data: dict[str, Any]) -> Any:
    """The same for a page, which costs what the query read."""
    partition = tables.queried(data)
    if not throughput.allows("read", partition):
        return _refusal()
    throughput.take("read", partition, _read_units(tables.page_size(run, data), data))
    return run(data)


@patch("services.dynamodb", "_batch_get_item", "d6d516ae", aws=_BATCH_GET)
@_limited
def limited_batches(tables: Tables, throughput: Throughput, run: Operation, data: dict[str, Any]) -> Any:
    """Keys of exhausted partitions are returned as unprocessed; if all are, the request fails."""
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
