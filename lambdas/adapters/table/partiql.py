"""PartiQL statements in batches: few round trips, and for every statement its own condition and outcome.

A partition takes 1,000 write units a second (docs.aws.amazon.com/amazondynamodb/latest/developerguide/
bp-partition-key-design.html). What is over that comes back as the error of single statements inside a 200, which the
SDK does not see and so does not repeat (…/APIReference/API_BatchExecuteStatement.html). So statements are sent no
faster than a partition takes them, and those that were refused, and no others, are sent again.
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
"""Of the 1,000 that a partition takes: the campaign's own record and checkpoints lie in the same one. A second's worth
may go out at once, after a rest. Each process keeps this pace for itself; several that write to one partition at once
are held by its refusals and the back-off."""
_UNIT = 1024
"""Bytes that are written for one unit."""

PATIENCE_SECONDS = 10.0
"""How long refused statements are repeated where no deadline is known: within the 29 s of an API call."""
_RESERVE_SECONDS = 2.0
"""Kept before a deadline, for whoever has to report that it did not work."""
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 5.0
_REQUESTS_AT_ONCE = 8
"""Enough for the pace when a request takes 0.2 s, and well under the client's pool of connections."""

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
"""Of the codes that a statement may fail with (…/APIReference/API_BatchStatementError.html), those that pass."""


class Timer(Protocol):
    """``lambdas.adapters.system.SystemTimer``, or a test's own time."""

    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...
    def any_up_to(self, seconds: float) -> float: ...


class Statement(NamedTuple):
    """``units``: about so many write units it takes."""

    request: "BatchStatementRequestTypeDef"
    units: int = 1


def statement(table: str, write: Write | Delete) -> Statement:
    """``INSERT`` of a new item, ``UPDATE`` of one that is there, or ``DELETE``; what else a batch cannot say is a
    ``ValueError``.

    The one fails with ``DuplicateItem`` where there is an item with that key, the other with ``ConditionalCheckFailed``
    where there is none or it is another.
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
    """What an item of these fields takes to be written, or a little more: JSON's punctuation counts as well."""
    return 1 + len(json.dumps(item, ensure_ascii=False).encode()) // _UNIT


class Writer:
    """Runs statements against one partition. May be shared between threads.

    Raises what a refusal means once the ``deadline`` leaves no time for another try, and at once for an error that
    does not pass; other statements may have been done by then, so the caller repeats all, conditions included.
    """

    def __init__(self, client: "DynamoDBClient", timer: Timer | None = None) -> None:
        self._client = client
        self._timer = timer or SystemTimer()
        self._pace = _Pace(self._timer)

    def run(self, statements: Sequence[Statement], deadline: Deadline | None = None) -> list[bool]:
        """Answers for each whether it was done, or refused by its condition."""
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
        """Move what has an outcome from ``left`` to ``done``; answers the refusal of one that is left."""
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
    """When units may be written so that a partition takes them, whichever thread brings them."""

    def __init__(self, timer: Timer) -> None:
        self._timer = timer
        self._lock = Lock()
        self._next = float("-inf")

    def delay(self, units: int) -> float:
        """Seconds to wait before so many are written; from then on they count as written."""
        with self._lock:
            now = self._timer.now()
            due = max(self._next, now - 1)
            self._next = due + units / UNITS_PER_SECOND
            return max(0.0, due - now)


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))
