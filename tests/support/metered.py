"""What each Lambda asks of AWS, and DynamoDB's units of it: counted at the ports of a world in memory.

Requests are those of a warm process: secrets and parameters, which it keeps, are none. A page of a query is a request,
and so are 25 statements of a batch and 100 keys of a batch of reads. Units are DynamoDB's
(docs.aws.amazon.com/amazondynamodb/latest/developerguide/capacity-mode.html): a transaction's writes take twice theirs.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import ceil
from typing import Any, TypeVar

from lambdas.domain.record_size import record_bytes
from lambdas.ports.table import BATCH, Between, Condition, ItemKey, Prefix, Record, Update, Write
from tests.fakes import MemoryTable

T = TypeVar("T")

READ_BYTES, WRITE_BYTES = 4096, 1024
_KEYS_PER_READ = 100
_CALLS: dict[str, dict[str, str]] = {
    "manifests": {"write": "s3:PutObject"},
    "recent_texts": {
        "of_tenant": "s3:GetObject",
        "add": "s3:GetObject s3:PutObject",
        "put": "s3:PutObject",
        "get": "s3:GetObject",
    },
    "engine": {
        "start": "states:StartExecution",
        "heartbeat": "states:SendTaskHeartbeat",
        "resume": "states:SendTaskSuccess",
    },
    "cipher": {"seal": "kms:Encrypt", "open": "kms:Decrypt"},
    "mailer": {"send": "ses:SendEmail"},
}
"""Requests of the ports beside the table, when nobody else is quicker."""


class Meter:
    """``requests`` by Lambda and operation; ``at`` is the Lambda that runs."""

    def __init__(self) -> None:
        self.at = ""
        self.requests: Counter[tuple[str, str]] = Counter()
        self.read_units, self.write_units = 0.0, 0

    def ask(self, operation: str, times: int = 1) -> None:
        self.requests[self.at, operation] += times

    def of(self, name: str) -> int:
        """Requests of one Lambda."""
        return sum(times for (asker, _), times in self.requests.items() if asker == name)

    def port(self, name: str, port: Any) -> Any:
        return _MeteredPort(self, port, _CALLS[name])


class _MeteredPort:
    def __init__(self, meter: Meter, port: Any, calls: Mapping[str, str]) -> None:
        self._meter, self._port, self._calls = meter, port, calls

    def __getattr__(self, name: str) -> Any:
        method, operations = getattr(self._port, name), self._calls.get(name, "").split()
        if not operations:
            return method

        def asked(*args: Any, **kwargs: Any) -> Any:
            for operation in operations:
                self._meter.ask(operation)
            return method(*args, **kwargs)

        return asked


class MeteredTable(MemoryTable):
    """What is in the table ``of``, each request to which is counted by ``meter``."""

    def __init__(self, meter: Meter, of: MemoryTable) -> None:
        super().__init__()
        self._items, self._sorted = of._items, of._sorted  # the same items
        self._meter = meter
        self._writing = ""
        """The operation that is counted already, while it is done by means of others."""

    def get(self, key: ItemKey) -> Record | None:
        found = super().get(key)
        if not self._writing:
            self._meter.ask("dynamodb:GetItem")
            self._read([found] if found else [])
        return found

    def get_many(self, keys: Sequence[ItemKey]) -> dict[ItemKey, Record]:
        found = super().get_many(keys)
        self._meter.ask("dynamodb:BatchGetItem", ceil(len(keys) / _KEYS_PER_READ))
        for key in keys:
            self._read([found[key]] if key in found else [])
        return found

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
        self._meter.ask("dynamodb:Query")
        # Billed by what is looked at, whatever is answered of it.
        whole = super().query(pk, keys, after=after, limit=limit, newest_first=newest_first)
        self._read(whole, consistent=consistent)
        return super().query(pk, keys, after=after, limit=limit, newest_first=newest_first, only=only)

    def scroll(self, pk: str, keys: Prefix | Between, page: int, *, after: ItemKey | None = None) -> Iterator[Record]:
        records = list(super().scroll(pk, keys, page, after=after))
        for start in range(0, len(records) + 1, page):
            self._meter.ask("dynamodb:Query")
            self._read(records[start : start + page])
            yield from records[start : start + page]

    def put(self, key: ItemKey, fields: Mapping[str, Any]) -> None:
        self._counted("PutItem", lambda: super(MeteredTable, self).put(key, fields))

    def put_if(self, key: ItemKey, fields: Mapping[str, Any], condition: Condition) -> bool:
        return self._counted("PutItem", lambda: super(MeteredTable, self).put_if(key, fields, condition))

    def update_if(self, update: Update) -> Record:
        return self._counted("UpdateItem", lambda: super(MeteredTable, self).update_if(update))

    def delete_if(self, key: ItemKey, condition: Condition) -> bool:
        self._meter.ask("dynamodb:DeleteItem")
        return super().delete_if(key, condition)

    def batch(self, writes: Sequence[Write]) -> list[bool]:
        times = ceil(len(writes) / BATCH)
        return self._counted("BatchExecuteStatement", lambda: super(MeteredTable, self).batch(writes), times)

    def transact(self, writes: Sequence[Write]) -> None:
        if not self._writing:
            return self._counted("TransactWriteItems", lambda: self.transact(writes))
        before = [self._size(write.key) for write in writes]
        try:
            super().transact(writes)
        finally:
            doubled = 2 if self._writing == "TransactWriteItems" else 1
            for write, size in zip(writes, before, strict=True):
                units = ceil(max(size, self._size(write.key)) / WRITE_BYTES) or 1
                self._meter.write_units += doubled * units

    def _counted(self, operation: str, work: Callable[[], T], times: int = 1) -> T:
        self._meter.ask(f"dynamodb:{operation}", times)
        self._writing = operation
        try:
            return work()
        finally:
            self._writing = ""

    def _size(self, key: ItemKey) -> int:
        return record_bytes(super().get(key) or {}) + len(key.pk) + len(key.sk)

    def _read(self, records: Sequence[Record], *, consistent: bool = True) -> None:
        units = max(1, ceil(sum(map(record_bytes, records)) / READ_BYTES))
        self._meter.read_units += units if consistent else units / 2
