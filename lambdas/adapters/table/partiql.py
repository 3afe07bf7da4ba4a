"""PartiQL statements in batches: few round trips, and each statement has its own condition and outcome.

A partition takes 1,000 write units a second (docs.aws.amazon.com/amazondynamodb/latest/developerguide/
bp-partition-key-design.html). Statements beyond that are reported as throttled within a response of status 200, which
the SDK does not notice and does not retry (…/APIReference/API_BatchExecuteStatement.html). So statements are sent no
faster than a partition takes them, and only those that were throttled are sent again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import translate_errors
from lambdas.adapters.system import SystemTimer
from lambdas.adapters.table.items import to_attribute
from lambdas.domain.errors import ThrottledError
from lambdas.ports.bundle import Deadline
from lambdas.ports.table import BATCH, NEW, PK, SK, Absent, AllOf, Condition, Delete, Equals, Put, Write

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import BatchStatementRequestTypeDef

T = TypeVar("T")

UNITS_PER_SECOND = 900
"""Less than the 1,000 that a partition takes: the campaign's record and checkpoints are in the same partition. After a
pause, one second's units may be sent at once. The limit is per process; if several write to one partition at once,
throttling and back-off slow them down."""
_UNIT = 1024
"""Bytes written for one unit."""

PATIENCE_SECONDS = 10.0
"""How long throttled statements are repeated if there is no deadline: within the 29 s of an API call."""
_RESERVE_SECONDS = 2.0
"""Reserved before a deadline, so that the caller can still report the failure."""
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_REQUESTS_AT_ONCE = 8
"""Enough for the rate if a request takes 0.2 s, and well below the number of connections in the client's pool."""

_CONDITIONS = frozenset({"ConditionalCheckFailed", "DuplicateItem"})
_PASSING = frozenset(
    {
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "InternalServerError",
        "TransactionConflict",
    }
)
"""The temporary ones among the error codes of a statement (…/APIReference/API_BatchStatementError.html)."""


class Timer(Protocol):
    """``lambdas.adapters.system.SystemTimer``, or a test's own time."""

    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...
    def any_up_to(self, seconds: float) -> float: ...


class Statement(NamedTuple):
    """``units``: estimated write units."""

    request: "BatchStatementRequestTypeDef"
    units: int = 1


def statement(table: str, write: Write | Delete) -> Statement:
    """``INSERT`` of a new item, ``UPDATE`` of one that is there, or ``DELETE``; what else a batch cannot say is a
    ``ValueError``.

    An INSERT fails with ``DuplicateItem`` if the key exists, an UPDATE with ``ConditionalCheckFailed`` if the item does
    not exist or the condition is false.
    """
    # Only names of our own models get into the text; values are parameters.
    if isinstance(write, Delete):  # of an item that is not there: done as well (…/ql-reference.delete.html)
        return Statement(_request(f'DELETE FROM "{table}" WHERE "{PK}"=? AND "{SK}"=?', write.key), write.units)  # noqa: S608 - names of ours
    if isinstance(write, Put):
        if not isinstance(write.condition, Absent) or write.condition != NEW:
            raise ValueError("a batch puts new items only")
        everything = {PK: write.key.pk, SK: write.key.sk, **write.fields}
        given = {name: value for name, value in everything.items() if value is not None}
        names = ", ".join(f"'{name}': ?" for name in given)
        return Statement(_request(f'INSERT INTO "{table}" VALUE {{{names}}}', given.values()), write_units(given))
    if write.add or write.remove or any("." in field for field in write.changes):
        raise ValueError("a batch sets fields at the top of an item only")
    where = {PK: write.key.pk, SK: write.key.sk, **_equalities(write.condition)}
    sets = " ".join(f'SET "{name}"=?' for name in write.changes)
    conditions = " AND ".join(f'"{name}"=?' for name in where)
    text = f'UPDATE "{table}" {sets} WHERE {conditions}'
    return Statement(_request(text, [*write.changes.values(), *where.values()]), write.units)


def _request(text: str, parameters: Iterable[Any]) -> "BatchStatementRequestTypeDef":
    return {"Statement": text, "Parameters": [to_attribute(value) for value in parameters]}


def _equalities(condition: Condition | None) -> dict[str, Any]:
    match condition:
        case None:
            return {}
        case Equals(field, value) if "." not in field:
            return {field: value}
        case AllOf(conditions):
            return {name: value for each in conditions for name, value in _equalities(each).items()}
    raise ValueError("a batch compares fields at the top of an item only")


def write_units(item: Mapping[str, Any]) -> int:
    """Estimated write units of an item with these fields; slightly too high, because JSON's punctuation is counted."""
    return 1 + len(json.dumps(item, ensure_ascii=False).encode()) // _UNIT


class Writer:
    """Runs statements against one partition. Can be shared between threads.

    Raises the meaning of a throttling error once the ``deadline`` leaves no time for another attempt, and a permanent
    error at once. Other statements may have been done by then, so the caller repeats all, with their conditions.
    """

    def __init__(self, client: "DynamoDBClient", timer: Timer | None = None) -> None:
        self._client = client
        self._timer = timer or SystemTimer()
        self._pace = _Pace(self._timer)

    def run(self, statements: Sequence[Statement], deadline: Deadline | None = None) -> list[bool]:
        """Returns for each statement whether it was done, or its condition was false."""
        requests = list(chunks(statements, BATCH))
        until = deadline or Deadline(self._timer.now() + PATIENCE_SECONDS + _RESERVE_SECONDS, self._timer.now)
        if len(requests) < 2:
            return [done for request in requests for done in self._request(request, until)]
        with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
            try:
                return [done for answer in pool.map(lambda one: self._request(one, until), requests) for done in answer]
            finally:
                pool.shutdown(cancel_futures=True)

    @translate_errors()
    def _request(self, statements: Sequence[Statement], until: Deadline) -> list[bool]:
        done: dict[int, bool] = {}
        left = dict(enumerate(statements))
        for tries in count():
            self._wait(self._pace.delay(sum(statement.units for statement in left.values())), until)
            refusal = self._send(left, done)
            if refusal is None:
                return [done[number] for number in range(len(statements))]
            # Exponential, with full jitter (aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter).
            self._wait(self._timer.any_up_to(min(_LONGEST_WAIT, _FIRST_WAIT * 2**tries)), until, refusal)
        raise AssertionError("count() never ends")

    def _send(self, left: dict[int, Statement], done: dict[int, bool]) -> Exception | None:
        """Move statements that have an outcome from ``left`` to ``done``; returns the error of one that is left."""
        asked = dict(left)
        try:
            with translate_errors():
                response = self._client.batch_execute_statement(Statements=[one.request for one in asked.values()])
        except ThrottledError as error:
            return error
        refusal: Exception | None = None
        for number, answer in zip(asked, response["Responses"], strict=True):
            code = answer.get("Error", {}).get("Code")
            if code and code not in _CONDITIONS:
                message = answer["Error"].get("Message", "")
                refusal = ClientError({"Error": {"Code": code, "Message": message}}, "Statement")
                if code not in _PASSING:
                    raise refusal
            else:
                done[number] = code is None
                del left[number]
        return refusal

    def _wait(self, seconds: float, until: Deadline, refusal: Exception | None = None) -> None:
        if seconds > until.left(_RESERVE_SECONDS):
            raise refusal or ThrottledError("there is no time left to write at the pace of the partition")
        self._timer.sleep(seconds)


class _Pace:
    """Limits the rate of writes to a partition, over all threads."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._lock = Lock()
        self._next = float("-inf")

    def delay(self, units: int) -> float:
        """Seconds to wait before writing that many units; they count as written from then on."""
        with self._lock:
            now = self._timer.now()
            due = max(self._next, now - 1)
            self._next = due + units / UNITS_PER_SECOND
            return max(0.0, due - now)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
