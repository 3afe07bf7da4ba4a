"""What AWS would have billed, counted as it happens: ``/_local/usage.json``.

A plugin of the emulator (``LOCAL_EMULATOR_PLUGINS=bench.usage``), since it costs time of its own. It counts requests
by service and action, invocations by function, whoever makes them, and DynamoDB's units. These are counted here and
not taken from the emulator, which bills every PartiQL statement and every read as if the item were small
(``local.emulator.units``).
"""

import functools
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from local.emulator.patch import Emulator, patch
from local.emulator.units import READ_BYTES, WRITE_BYTES, Operation, Tables, units


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


def _usage(emulator: Emulator) -> Usage:
    usage = emulator.shared(Usage, Usage)
    emulator.pages["usage.json"] = usage.totals
    return usage


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


def _operation(
    measure: Callable[["Tables", Usage, Operation, dict[str, Any]], Any],
) -> Callable[[Operation, Emulator], Operation]:
    """The correction that lets ``measure`` run an operation."""

    @functools.wraps(measure)
    def correct(original: Operation, emulator: Emulator) -> Operation:
        return functools.partial(measure, Tables(emulator.module("services.dynamodb")), _usage(emulator), original)

    return correct


@patch("services.dynamodb", "_put_item", "bedd46ca")
@patch("services.dynamodb", "_update_item", "4ae0d444")
@patch("services.dynamodb", "_delete_item", "54866289")
@patch("services.dynamodb", "_execute_statement", "eb23887a")
@patch("services.dynamodb", "_transact_write_items", "d931eab0")
@_operation
def count_writes(tables: Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    """Each item, and each statement of a batch, by itself; those of a transaction twice."""
    places = tables.written(data)
    before = [tables.size(*place) for place in places]
    answer = run(data)
    times = 2 if "TransactItems" in data else 1
    for place, size in zip(places, before, strict=True):
        usage.add("dynamodb:writeUnits", times * units(max(size, tables.size(*place)), WRITE_BYTES))
    return answer


@patch("services.dynamodb", "_get_item", "40a3e29c")
@_operation
def count_gets(tables: Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    """Also of an item that is not there."""
    _read(usage, [tables.size(data["TableName"], data["Key"])], consistent=data.get("ConsistentRead", False))
    return run(data)


@patch("services.dynamodb", "_batch_get_item", "d6d516ae")
@_operation
def count_batches(tables: Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    """Each item by itself."""
    for name, wanted in data["RequestItems"].items():
        sizes = [tables.size(name, key) for key in wanted["Keys"]]
        _read(usage, sizes, consistent=wanted.get("ConsistentRead", False))
    return run(data)


@patch("services.dynamodb", "_query", "50c2e7ec")
@_operation
def count_queries(tables: Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    """Billed by what was looked at."""
    _read(usage, [tables.page_size(run, data)], consistent=data.get("ConsistentRead", False))
    return run(data)


def _read(usage: Usage, sizes: Iterable[int], *, consistent: bool) -> None:
    for size in sizes:
        usage.add("dynamodb:readUnits", units(size, READ_BYTES) * (1 if consistent else 0.5))
