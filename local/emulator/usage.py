"""What AWS would have billed, counted as it happens: ``/_local/usage.json``. Only with ``LOCAL_USAGE=1``.

Wraps ``app.SERVICE_HANDLERS`` (requests by service and action), ``lambda_svc._execute_function_warm`` (invocations by
function, whoever makes them) and the operations of ``dynamodb``. The units of a DynamoDB request are counted here and
not taken from the emulator, which bills every PartiQL statement and every read as if the item were small
(``local.emulator.units``).
"""

import functools
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from local.emulator.pinned import EmulatorChangedError
from local.emulator.units import READ_BYTES, WRITE_BYTES, Operation, Tables, units

_OPERATIONS = (
    "_put_item",
    "_update_item",
    "_delete_item",
    "_execute_statement",
    "_transact_write_items",
    "_get_item",
    "_batch_get_item",
    "_query",
)
_NEEDED = (*_OPERATIONS, "_tables", "_get_item_by_key", "_billed_item_bytes", "_parse_partiql", "_partiql_key_target")


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


def install(app: Any, lambda_svc: Any, dynamodb: Any, usage: Usage) -> None:
    _count_requests(app.SERVICE_HANDLERS, usage)
    _count_invocations(lambda_svc, usage)
    missing = [name for name in _NEEDED if not hasattr(dynamodb, name)]
    if missing:
        raise EmulatorChangedError(f"dynamodb.{missing[0]} is gone")
    table = Tables(dynamodb)
    measure: dict[str, Callable[[Operation, dict[str, Any]], Any]] = {
        "_put_item": lambda run, data: _write(table, usage, data["TableName"], data["Item"], run, data),
        "_update_item": lambda run, data: _write(table, usage, data["TableName"], data["Key"], run, data),
        "_delete_item": lambda run, data: _write(table, usage, data["TableName"], data["Key"], run, data),
        "_execute_statement": lambda run, data: _statement(table, usage, run, data),
        "_transact_write_items": lambda run, data: _transaction(table, usage, run, data),
        "_get_item": lambda run, data: _get(table, usage, run, data),
        "_batch_get_item": lambda run, data: _batch_get(table, usage, run, data),
        "_query": lambda run, data: _query(table, usage, run, data),
    }
    for name in _OPERATIONS:
        setattr(dynamodb, name, functools.partial(measure[name], getattr(dynamodb, name)))


def _count_requests(handlers: dict[str, Any], usage: Usage) -> None:
    def counted(service: str, handler: Any) -> Any:
        async def handle(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Any:
            target = headers.get("x-amz-target", "")
            usage.add(f"request:{service}:{target.rpartition('.')[2] or method}")
            return await handler(method, path, headers, body, query)

        return handle

    for service, handler in list(handlers.items()):
        handlers[service] = counted(service, handler)


def _count_invocations(lambda_svc: Any, usage: Usage) -> None:
    execute = lambda_svc._execute_function_warm

    @functools.wraps(execute)
    def execute_function_warm(func: Any, event: Any, request_id: str) -> Any:
        usage.add(f"lambda:{(func.get('config') or func).get('FunctionName')}")
        return execute(func, event, request_id)

    lambda_svc._execute_function_warm = execute_function_warm


def _write(
    tables: Tables, usage: Usage, name: str, key: dict[str, Any], run: Operation, data: dict[str, Any], times: int = 1
) -> Any:
    before = tables.size(name, key)
    answer = run(data)
    usage.add("dynamodb:writeUnits", times * units(max(before, tables.size(name, key)), WRITE_BYTES))
    return answer


def _statement(tables: Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    written = tables.written_by(data)
    return _write(tables, usage, *written, run, data) if written else run(data)


def _transaction(tables: Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    places = tables.written_together(data)
    before = [tables.size(*place) for place in places]
    answer = run(data)
    for place, size in zip(places, before, strict=True):
        usage.add("dynamodb:writeUnits", 2 * units(max(size, tables.size(*place)), WRITE_BYTES))
    return answer


def _get(tables: Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    _read(usage, [tables.size(data["TableName"], data["Key"])], consistent=data.get("ConsistentRead", False))
    return run(data)


def _batch_get(tables: Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    for name, wanted in data["RequestItems"].items():
        sizes = [tables.size(name, key) for key in wanted["Keys"]]
        _read(usage, sizes, consistent=wanted.get("ConsistentRead", False))
    return run(data)


def _query(tables: Tables, usage: Usage, run: Operation, data: dict[str, Any]) -> Any:
    """Billed by what was looked at."""
    _read(usage, [tables.page_size(run, data)], consistent=data.get("ConsistentRead", False))
    return run(data)


def _read(usage: Usage, sizes: Iterable[int], *, consistent: bool) -> None:
    for size in sizes:
        usage.add("dynamodb:readUnits", units(size, READ_BYTES) * (1 if consistent else 0.5))
