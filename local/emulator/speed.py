"""What costs ministack most and gives the same answer for less."""

import functools
import inspect
import re
import threading
import time
import types
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

from local.emulator.patch import Emulator, EmulatorChangedError, patch

_TEXTS_KEPT = 1024
"""The project's own statements and expressions are some dozens."""
_PAUSE_SECONDS = 0.15
_CONDITION = re.compile(
    r"""\s*(?P<pk>[#\w]+)\s*=\s*(?P<value>:\w+)\s+AND\s+
        (?: begins_with\(\s*(?P<prefixed>[#\w]+)\s*,\s*(?P<prefix>:\w+)\s*\)
          | (?P<between>[#\w]+)\s+BETWEEN\s+(?P<low>:\w+)\s+AND\s+(?P<high>:\w+) )\s*""",
    re.VERBOSE | re.IGNORECASE,
)


@patch("services.stepfunctions", "time", "33607480")
def no_pause_before_an_execution(original: Any, emulator: Emulator) -> Any:
    """An execution starts when it is started.

    ministack lets each sleep for 0.15 s before its first state, a fifth of a small campaign's time. Its ``time``
    becomes one whose ``sleep`` leaves that pause out and keeps every other.
    """
    if f"time.sleep({_PAUSE_SECONDS})" not in inspect.getsource(
        emulator.module("services.stepfunctions")._run_execution
    ):
        raise EmulatorChangedError("stepfunctions._run_execution begins in another way")

    def sleep(seconds: float) -> None:
        if seconds != _PAUSE_SECONDS:
            time.sleep(seconds)

    return SimpleNamespace(**{**vars(original), "sleep": sleep})


@patch("services._dynamodb_keywords", "_tokenize", "e02998de")
@patch("services.dynamodb", "_tokenize", "6abb1339")
def texts_are_read_once(original: Any, _emulator: Emulator) -> Any:
    """What is asked again and again in the same words is taken apart once.

    ministack takes every PartiQL statement and every expression apart anew, a statement of a batch even twice: that was
    half of its time for a campaign. Tokens that are shared must not be changed by who gets them.
    """

    def tokens(text: str) -> tuple[Any, ...]:
        return tuple(original(text))

    return functools.lru_cache(_TEXTS_KEPT)(tokens)


@patch("services.dynamodb", "_check_redundant_parens", "9d6df76c")
@patch("services.dynamodb", "_condition_syntax_error", "5213f1ff")
def texts_are_checked_once(original: Any, _emulator: Emulator) -> Any:
    """The same for what is said of a text's syntax."""
    return functools.lru_cache(_TEXTS_KEPT)(original)


@patch("services.dynamodb", "_parse_partiql", "34f90fe3")
def statements_are_parsed_once(original: Any, _emulator: Emulator) -> Any:
    """The last statement, which holds its parameters, is kept for the second reading of the same request."""
    return _LastParsed(original)


class _LastParsed:
    """Answers for the very list of parameters that it was given last what it answered then."""

    def __init__(self, parse: Any) -> None:
        self._parse = parse
        self._last = threading.local()

    def __call__(self, statement: str, parameters: Sequence[Any]) -> Any:
        last = self._last
        if getattr(last, "parameters", None) is not parameters or last.statement != statement or not parameters:
            last.parsed = self._parse(statement, parameters)
            last.statement, last.parameters = statement, parameters
        return last.parsed


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


@patch("services.dynamodb", "_query", "50c2e7ec")
def queries_of_a_range(original: Any, emulator: Emulator) -> Any:
    """A query reads the keys it asks for, and not its whole partition.

    ministack sorts all items of the partition and evaluates the key condition on each, so that reading ten posts of a
    campaign of 10,000 takes as long as reading all of them. Here the same code runs over tables in which the partition
    has only the items between the bounds of the sort key, as far as the limit goes.
    """
    dynamodb = emulator.module("services.dynamodb")

    def narrowed(data: Mapping[str, Any]) -> Any:
        tables = _Tables(dynamodb._tables)
        tables.request = data
        # The same code, which sees these tables where it would see all.
        return types.FunctionType(original.__code__, {**vars(dynamodb), "_tables": tables})(data)

    return narrowed


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
