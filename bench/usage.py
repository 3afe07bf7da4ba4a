"""What AWS would have billed, counted as it happens: ``/_local/usage.json``.

A plugin of the emulator (``LOCAL_EMULATOR_PLUGINS=bench.usage``), since it costs time of its own. It counts requests
by service and action, invocations by function, whoever makes them, and DynamoDB's units. These are counted here and
not taken from the emulator, which bills every PartiQL statement and every read as if the item were small: a write is
one unit for each started KB of the larger of the item's two versions, twice that in a transaction, also where its
condition fails; a consistent read one for each started 4 KB, half that otherwise
(docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
"""

import functools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from local.emulator.patch import Emulator, EmulatorChangedError, patch

WRITE_BYTES, READ_BYTES = 1024, 4096
Operation = Callable[[dict[str, Any]], Any]


class Usage:
    """Totals since the start. Safe to add to from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: Counter[str] = Counter()

    def add(self, name: str, amount: float = 1) -> None:
        with self._lock:
            self._totals[name] += amount  # type: ignore[assignment]  # half units are floats

    def totals(self) -> dict[str, float]:
        """``request:<service>:<action>``, ``lambda:<function>``, ``dynamodb:writeUnits``, ``dynamodb:readUnits``."""
        with self._lock:
            return dict(sorted(self._totals.items()))


def units(size: int, each: int) -> int:
    """Billed units of an item or a page of ``size`` bytes."""
    return max(1, -(-size // each))


def _usage(emulator: Emulator) -> Usage:
    usage = emulator.shared(Usage, Usage)
    emulator.pages["usage.json"] = usage.totals
    return usage


class _Tables:
    """Sizes of stored items."""

    def __init__(self, dynamodb: Any) -> None:
        self.dynamodb = dynamodb

    def size(self, name: str, key: dict[str, Any]) -> int:
        """Bytes of the item with the key that ``key`` has or is; 0 when there is none."""
        table = self.dynamodb._tables.get(name)
        item = self.dynamodb._get_item_by_key(table, key) if table else None
        return self.item_size(name, item) if item else 0

    def item_size(self, name: str, item: dict[str, Any]) -> int:
        return int(self.dynamodb._billed_item_bytes(self.dynamodb._tables[name], item))


@patch("app", "SERVICE_HANDLERS", "14c7bfaa")
def count_requests(handlers: dict[str, Any], emulator: Emulator) -> dict[str, Any]:
    """Every request to a service."""
    usage = _usage(emulator)

    def counted(service: str, handler: Any) -> Any:
        async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
            target = headers.get("x-amz-target", "")
            usage.add(f"request:{service}:{target.rpartition('.')[2] or method}")
            return await handler(method, path, headers, body, query)

        return handle

    return {service: counted(service, handler) for service, handler in handlers.items()}


@patch("services.lambda_svc", "_execute_function_warm", "62b9218b")
def count_invocations(original: Any, emulator: Emulator) -> Any:
    """Every invocation of a function."""
    usage = _usage(emulator)

    @functools.wraps(original)
    def execute_function_warm(func: Any, event: Any, request_id: str) -> Any:
        usage.add(f"lambda:{(func.get('config') or func).get('FunctionName')}")
        return original(func, event, request_id)

    return execute_function_warm


@patch("services.dynamodb", "_put_item", "bedd46ca")
def count_puts(original: Operation, emulator: Emulator) -> Operation:
    """Of a whole item."""
    tables, usage = _Tables(emulator.module("services.dynamodb")), _usage(emulator)
    return lambda data: _write(tables, usage, data["TableName"], data["Item"], original, data)


@patch("services.dynamodb", "_update_item", "4ae0d444")
@patch("services.dynamodb", "_delete_item", "54866289")
def count_changes(original: Operation, emulator: Emulator) -> Operation:
    """Of an item with a key."""
    tables, usage = _Tables(emulator.module("services.dynamodb")), _usage(emulator)
    return lambda data: _write(tables, usage, data["TableName"], data["Key"], original, data)


def _operation(
    measure: Callable[["_Tables", Usage, Operation, dict[str, Any]], Any],
) -> Callable[[Operation, Emulator], Operation]:
    """The correction that lets ``measure`` run an operation."""

    @functools.wraps(measure)
    def correct(original: Operation, emulator: Emulator) -> Operation:
        return functools.partial(measure, _Tables(emulator.module("services.dynamodb")), _usage(emulator), original)

    return correct


def _write(
    tables: _Tables, usage: Usage, name: str, key: dict[str, Any], run: Operation, data: dict[str, Any], times: int = 1
) -> Any:
    before = tables.size(name, key)
    answer = run(data)
    usage.add("dynamodb:writeUnits", times * units(max(before, tables.size(name, key)), WRITE_BYTES))
    return answer


@patch("services.dynamodb", "_execute_statement", "eb23887a")
@_operation
def count_statements(tables: _Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    """Each statement of a batch by itself."""
    parsed = tables.dynamodb._parse_partiql(data["Statement"], data.get("Parameters", []))
    name = parsed["table"]
    if parsed["op"] == "SELECT":
        raise EmulatorChangedError("PartiQL SELECT is not counted: nothing here used it")
    if parsed["op"] == "INSERT":
        item = parsed["item"]
        return _write(tables, usage, name, item["M"] if set(item) == {"M"} else item, run, data)
    table = tables.dynamodb._tables[name]
    pk, sk, _, error = tables.dynamodb._partiql_key_target(table, parsed)
    if error:
        return run(data)
    return _write(tables, usage, name, {table["pk_name"]: {"S": pk}, table["sk_name"]: {"S": sk}}, run, data)


@patch("services.dynamodb", "_transact_write_items", "d931eab0")
@_operation
def count_transactions(tables: _Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    """Each item twice."""
    members = [next(iter(member.values())) for member in data["TransactItems"]]
    places = [(member["TableName"], member.get("Item") or member["Key"]) for member in members]
    before = [tables.size(*place) for place in places]
    answer = run(data)
    for place, size in zip(places, before, strict=True):
        usage.add("dynamodb:writeUnits", 2 * units(max(size, tables.size(*place)), WRITE_BYTES))
    return answer


@patch("services.dynamodb", "_get_item", "40a3e29c")
@_operation
def count_gets(tables: _Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    """Also of an item that is not there."""
    _read(usage, [tables.size(data["TableName"], data["Key"])], consistent=data.get("ConsistentRead", False))
    return run(data)


@patch("services.dynamodb", "_batch_get_item", "d6d516ae")
@_operation
def count_batches(tables: _Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    """Each item by itself."""
    for name, wanted in data["RequestItems"].items():
        sizes = [tables.size(name, key) for key in wanted["Keys"]]
        _read(usage, sizes, consistent=wanted.get("ConsistentRead", False))
    return run(data)


@patch("services.dynamodb", "_query", "50c2e7ec")
@_operation
def count_queries(tables: _Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    """Billed by what was looked at, so the page is measured without its projection."""
    used = f"{data.get('KeyConditionExpression', '')} {data.get('FilterExpression', '')}".replace(",", " ").split()
    names = {place: name for place, name in data.get("ExpressionAttributeNames", {}).items() if place in used}
    whole = {key: value for key, value in data.items() if key not in ("ProjectionExpression", "FilterExpression")}
    whole = {**whole, "ExpressionAttributeNames": names} if names else _without(whole, "ExpressionAttributeNames")
    _, _, body = run(whole)
    page = json.loads(body).get("Items", [])
    size = sum(tables.item_size(data["TableName"], item) for item in page)
    _read(usage, [size], consistent=data.get("ConsistentRead", False))
    return run(data)


def _without(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != name}


def _read(usage: Usage, sizes: Iterable[int], *, consistent: bool) -> None:
    for size in sizes:
        usage.add("dynamodb:readUnits", units(size, READ_BYTES) * (1 if consistent else 0.5))
