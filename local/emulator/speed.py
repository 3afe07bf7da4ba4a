"""Replaces the slowest parts of ministack by faster ones with the same results."""

import copy
import functools
import inspect
import json
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
_ATOMS = frozenset((str, int, float, bool, bytes, type(None)))
_PRINCIPALS = ("Root", "User", "AssumedRole", "FederatedUser")
_CONDITION = re.compile(
    r"""\s*(?P<pk>[#\w]+)\s*=\s*(?P<value>:\w+)\s+AND\s+
        (?: begins_with\(\s*(?P<prefixed>[#\w]+)\s*,\s*(?P<prefix>:\w+)\s*\)
          | (?P<between>[#\w]+)\s+BETWEEN\s+(?P<low>:\w+)\s+AND\s+(?P<high>:\w+) )\s*""",
    re.VERBOSE | re.IGNORECASE,
)


@patch("services.stepfunctions", "time", "33607480")
def no_pause_before_an_execution(original: Any, emulator: Emulator) -> Any:
    """An execution starts without a delay.

    ministack lets each sleep for 0.15 s before its first state, a fifth of a small campaign's time. Its ``time`` is
    replaced by one whose ``sleep`` skips that pause and keeps every other.
    """
    if f"time.sleep({_PAUSE_SECONDS})" not in inspect.getsource(
        emulator.module("services.stepfunctions")._run_execution
    ):
        raise EmulatorChangedError("stepfunctions._run_execution begins in another way")

    def sleep(seconds: float) -> None:
        if seconds != _PAUSE_SECONDS:
            time.sleep(seconds)

    return SimpleNamespace(**{**vars(original), "sleep": sleep})


def plain_copy(value: Any) -> Any:
    """``copy.deepcopy`` of what JSON is made of, without its record of what it has seen; anything else as before."""
    kind = type(value)
    if kind is dict:
        return {key: each if type(each) in _ATOMS else plain_copy(each) for key, each in value.items()}
    if kind is list:
        return [each if type(each) in _ATOMS else plain_copy(each) for each in value]
    return value if kind in _ATOMS else copy.deepcopy(value)


COPIES = SimpleNamespace(deepcopy=plain_copy, copy=copy.copy)
"""``copy`` for services whose records are JSON."""


@patch("services.dynamodb", "copy", "6f5a6034")
@patch("services.stepfunctions", "copy", "6f5a6034")
def plain_copies(_original: Any, _emulator: Emulator) -> Any:
    """Items, executions and contexts are copied as JSON: a write copies its item two or three times."""
    return COPIES


@patch("core.iam_evaluator", "parse_policy_document", "622a4f98")
def policies_are_parsed_once(original: Any, _emulator: Emulator) -> Any:
    """ministack parses a role's policies for every request; parsing each text once is enough.

    The parsed statements are shared, so no caller may change them.
    """
    parsed = functools.lru_cache(_TEXTS_KEPT)(original)

    def parse_policy_document(document: Any) -> Any:
        return parsed(document) if isinstance(document, str) else original(document)

    return parse_policy_document


@patch("core.iam_evaluator", "request_caller_arn", "12240eb8")
def callers_without_their_policies(original: Any, emulator: Emulator) -> Any:
    """A caller is identified by the access key alone; its policies are only loaded when they are evaluated."""
    evaluator, responses = emulator.module("core.iam_evaluator"), emulator.module("core.responses")

    def principal_of(access_key: str, account: str) -> Any:
        account = responses._account_from_sts_session(access_key) or account
        found = evaluator.resolve_credential(access_key, account)
        known = getattr(found, "principal_type", None) in _PRINCIPALS
        return SimpleNamespace(arn=found.principal_arn) if known else None

    # The same code, which gets a principal of which it only uses the ARN.
    names = {**vars(evaluator), "resolve_principal": principal_of}
    return types.FunctionType(original.__code__, names, original.__name__, original.__defaults__)


@patch("core.iam_actions", "json", "02bd175f")
def bodies_are_read_once(original: Any, _emulator: Emulator) -> Any:
    """The same body is parsed four times for authorisation: the last result is kept."""
    return SimpleNamespace(**{**vars(original), "loads": _LastRead()})


class _LastRead:
    """``json.loads`` that returns its last result when it is given the same object again."""

    def __init__(self) -> None:
        self._last: tuple[Any, Any] = (None, None)

    def __call__(self, body: Any) -> Any:
        last, value = self._last
        if body is not last:
            value = json.loads(body)
            self._last = body, value
        return value


@patch("services._dynamodb_keywords", "_tokenize", "e02998de")
@patch("services.dynamodb", "_tokenize", "6abb1339")
def texts_are_read_once(original: Any, _emulator: Emulator) -> Any:
    """Expressions and statements that are used again and again are tokenised once.

    ministack tokenises every PartiQL statement and every expression each time, a statement of a batch even twice: that
    was half of its time for a campaign. The tokens are shared, so no caller may change them.
    """

    def tokens(text: str) -> tuple[Any, ...]:
        return tuple(original(text))

    return functools.lru_cache(_TEXTS_KEPT)(tokens)


@patch("services.dynamodb", "_check_redundant_parens", "9d6df76c")
@patch("services.dynamodb", "_condition_syntax_error", "5213f1ff")
def texts_are_checked_once(original: Any, _emulator: Emulator) -> Any:
    """The same for the syntax check of an expression."""
    return functools.lru_cache(_TEXTS_KEPT)(original)


@patch("services.dynamodb", "_parse_partiql", "34f90fe3")
def statements_are_parsed_once(original: Any, _emulator: Emulator) -> Any:
    """The last parsed statement, with its parameters, is kept for the second time that the same request needs it."""
    return _LastParsed(original)


class _LastParsed:
    """Returns its last result when it is given the same list of parameters again."""

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
    """A query reads the keys in its range, and not its whole partition.

    ministack sorts all items of the partition and evaluates the key condition on each, so that reading ten posts of a
    campaign of 10,000 takes as long as reading all of them. Here the same code sees tables in which the partition has
    only the items within the bounds of the sort key, up to the limit.
    """
    dynamodb = emulator.module("services.dynamodb")

    def narrowed(data: Mapping[str, Any]) -> Any:
        tables = _Tables(dynamodb._tables)
        tables.request = data
        # The same code, which sees these tables instead of all.
        return types.FunctionType(original.__code__, {**vars(dynamodb), "_tables": tables})(data)

    return narrowed


def _range(request: Mapping[str, Any], table: Mapping[str, Any]) -> _Range | None:
    """``None`` if the query has to read the whole partition: other conditions, indexes, keys that are not texts."""
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
