"""A query reads the keys it asks for, and not its whole partition.

ministack sorts all items of the partition and evaluates the key condition on each, so that reading ten posts of a
campaign of 10,000 takes as long as reading all of them. Replaces ``dynamodb._query`` by the same code over tables in
which the partition has only the items between the bounds of the sort key, as far as the limit goes; it evaluates the
condition on those.
"""

import re
import types
from collections.abc import Mapping
from typing import Any, NamedTuple

from local.emulator.pinned import EmulatorChangedError

_CONDITION = re.compile(
    r"""\s*(?P<pk>[#\w]+)\s*=\s*(?P<value>:\w+)\s+AND\s+
        (?: begins_with\(\s*(?P<prefixed>[#\w]+)\s*,\s*(?P<prefix>:\w+)\s*\)
          | (?P<between>[#\w]+)\s+BETWEEN\s+(?P<low>:\w+)\s+AND\s+(?P<high>:\w+) )\s*""",
    re.VERBOSE | re.IGNORECASE,
)


class _Range(NamedTuple):
    """Of the partition ``pk``, the items whose sort key begins with ``prefix`` and lies between the bounds."""

    pk: str
    prefix: str
    low: str
    high: str | None

    def holds(self, key: str) -> bool:
        return key.startswith(self.prefix) and key >= self.low and (self.high is None or key <= self.high)


class _Tables:
    """Stands for ``dynamodb._tables`` while one query runs."""

    def __init__(self, tables: Any) -> None:
        self._tables = tables
        self.request: Mapping[str, Any] = {}

    def get(self, name: str) -> Any:
        table = self._tables.get(name)
        wanted = _range(self.request, table) if table else None
        if wanted is None:
            return table
        bucket = table["items"].get(wanted.pk, {})
        keys = sorted((key for key in list(bucket) if wanted.holds(key)), reverse=_backwards(self.request))
        limit = self.request.get("Limit")
        # One more than the limit tells the query that there is a next page.
        kept = keys[: int(limit) + 1] if limit else keys
        return {**table, "items": {wanted.pk: {key: bucket[key] for key in kept if key in bucket}}}


def install(dynamodb: Any) -> None:
    query = getattr(dynamodb, "_query", None)
    if not isinstance(query, types.FunctionType) or not hasattr(dynamodb, "_tables"):
        raise EmulatorChangedError("dynamodb._query or dynamodb._tables is gone")
    if query.__globals__ is not vars(dynamodb) or "_tables" not in query.__code__.co_names:
        raise EmulatorChangedError("dynamodb._query does not find its tables in dynamodb._tables")

    def narrowed(data: Mapping[str, Any]) -> Any:
        tables = _Tables(dynamodb._tables)
        tables.request = data
        # The same code, which sees these tables where it would see all.
        return types.FunctionType(query.__code__, {**vars(dynamodb), "_tables": tables})(data)

    dynamodb._query = narrowed


def _range(request: Mapping[str, Any], table: Mapping[str, Any]) -> _Range | None:
    """``None`` where the whole partition is left to the query: other conditions, indexes, keys that are no texts."""
    match = _CONDITION.fullmatch(str(request.get("KeyConditionExpression") or ""))
    if match is None or request.get("IndexName"):
        return None
    names, values = request.get("ExpressionAttributeNames") or {}, request.get("ExpressionAttributeValues") or {}
    sort_key = match["prefixed"] or match["between"]
    keys = [names.get(name, name) for name in (match["pk"], sort_key)]
    used = [values.get(match[name], {}).get("S") for name in ("value", "prefix", "low", "high") if match[name]]
    if keys != [table["pk_name"], table.get("sk_name")] or not all(used):
        return None
    pk, *bounds = used
    after = ((request.get("ExclusiveStartKey") or {}).get(keys[1]) or {}).get("S")
    prefix, low, high = (bounds[0], "", None) if match["prefix"] else ("", *bounds)
    if after and _backwards(request):
        high = min(high, after) if high else after
    elif after:
        low = max(low, after)
    return _Range(pk, prefix, low, high)


def _backwards(request: Mapping[str, Any]) -> bool:
    return request.get("ScanIndexForward") is False
