"""The one table as its stores see it: records by key, and writes whose conditions are data.

A field is named by its path: ``claim.owner`` is the field ``owner`` of the map ``claim``. A record is the fields of an
item without its key. A field that is set to ``None`` is kept as a null: reading leaves it out, and for a condition it
is there. What holds of an item that does not exist: ``Absent`` of any field, and no other condition. A comparison of
values of two types does not hold.

``lambdas/adapters/table/dynamo_table.py`` is the form on DynamoDB, and tests have one in memory (``tests/fakes``).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

PK = "PK"
SK = "SK"
Record = dict[str, Any]

MAX_TRANSACTION_ITEMS = 100
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
"""Of a transaction (2026-11, docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html)."""
BATCH = 25
"""Writes of a batch that go in one request (…/APIReference/API_BatchExecuteStatement.html)."""


class ItemKey(NamedTuple):
    pk: str
    sk: str


class Absent(NamedTuple):
    """There is no such field. ``Absent(PK)``: there is no such item."""

    field: str


class Present(NamedTuple):
    field: str


class Equals(NamedTuple):
    field: str
    value: Any


class OneOf(NamedTuple):
    """At least one value, at most a hundred."""

    field: str
    values: Sequence[str]


class AtMost(NamedTuple):
    """Numbers by value, texts by their bytes."""

    field: str
    value: int | float | str


class AllOf(NamedTuple):
    conditions: "Sequence[Condition]"


class AnyOf(NamedTuple):
    conditions: "Sequence[Condition]"


Condition = Absent | Present | Equals | OneOf | AtMost | AllOf | AnyOf

EXISTS = Present(PK)
NEW = Absent(PK)


class Prefix(NamedTuple):
    """Sort keys that begin with ``text``, which is not empty."""

    text: str


class Between(NamedTuple):
    """Sort keys from ``low`` to ``high``, both included and neither empty."""

    low: str
    high: str


class Put(NamedTuple):
    """Replace the item; fields that are ``None`` are left out."""

    key: ItemKey
    fields: Mapping[str, Any]
    condition: Condition | None = None


class Update(NamedTuple):
    """Change the item, or make it where there is none and the condition allows that."""

    key: ItemKey
    changes: Mapping[str, Any]
    """Values to set, by path; the map that a path leads into has to be there."""
    condition: Condition | None = None
    add: Mapping[str, int] = {}
    """Numbers to add to fields, which count as 0 where they are absent."""
    remove: Sequence[str] = ()
    units: int = 1
    """About how many write units it takes, where the writer knows: batches are paced by it."""


class Delete(NamedTuple):
    """Remove the item, if it is there. In batches only."""

    key: ItemKey
    units: int = 1


Write = Put | Update


class ConditionFailedError(Exception):
    """A condition did not hold, and nothing was written. ``failed`` are the numbers of the writes whose condition it
    was; ``old`` is the record of the first of them as it is, ``None`` where there is no item."""

    def __init__(self, old: Record | None, failed: Sequence[int] = (0,)) -> None:
        super().__init__("the condition of the write did not hold")
        self.old = old
        self.failed = tuple(failed)


class Table(Protocol):
    """May be shared between threads. Reads are consistent unless they say otherwise.

    Errors that pass are ``RetryableError``. What the table does not take (an item over 400 KB, a transaction over its
    limits, an item twice in one transaction) is an error that does not pass.
    """

    def get(self, key: ItemKey) -> Record | None: ...

    def get_many(self, keys: Sequence[ItemKey]) -> dict[ItemKey, Record]:
        """Keys without an item are not in the answer."""
        ...

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
        """Records of a partition in the order of their sort keys; ``only`` these fields of them."""
        ...

    def scroll(self, pk: str, keys: Prefix | Between, page: int, *, after: ItemKey | None = None) -> Iterator[Record]:
        """The same, ``page`` to a request and read as they are asked for: what is removed meanwhile does no harm."""
        ...

    def keys(self, pk: str, limit: int) -> list[ItemKey]:
        """Of up to ``limit`` items of a partition, in the order of their sort keys."""
        ...

    def put(self, key: ItemKey, fields: Mapping[str, Any]) -> None: ...

    def put_if(self, key: ItemKey, fields: Mapping[str, Any], condition: Condition) -> bool:
        """Whether it was stored, or refused by the condition."""
        ...

    def update_if(self, update: Update) -> Record:
        """Answers the record after it. Raises ``ConditionFailedError``."""
        ...

    def delete_if(self, key: ItemKey, condition: Condition) -> bool:
        """Whether it was deleted, or refused by the condition."""
        ...

    def transact(self, writes: Sequence[Write]) -> None:
        """All or nothing. Raises ``ConditionFailedError``."""
        ...

    def batch(self, writes: Sequence[Write | Delete]) -> list[bool]:
        """Writes that are independent of each other, many to a request, at the pace that a partition takes; for each
        whether it was done or refused by its condition.

        They are deletes, puts with the condition ``NEW``, and updates of fields at the top of items that are there,
        with no other condition than ``Equals``. An error that is raised says nothing about the single writes: repeat
        them all.
        """
        ...
