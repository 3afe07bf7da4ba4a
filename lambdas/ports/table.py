"""The table, as its stores use it: records by key, and conditional writes with conditions as data.

A field is named by its path: ``claim.owner`` is the field ``owner`` of the map ``claim``. A record is an item's fields
without its key. A field that is set to ``None`` is stored as a null; reading omits it, but a condition sees it as
present. For an item that does not exist, ``Absent`` is true of any field, and every other condition is false. A
comparison of values of different types is false.

``lambdas/adapters/table/dynamo_table.py`` implements it on DynamoDB; tests have an in-memory implementation
(``tests/fakes``).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

PK = "PK"
SK = "SK"
Record = dict[str, Any]

MAX_TRANSACTION_ITEMS = 100
MAX_TRANSACTION_BYTES = 4 * 1024 * 1024
"""Limit of one transaction (2026-11,
docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html)."""
BATCH = 25
"""Writes of a batch in one request (…/APIReference/API_BatchExecuteStatement.html)."""


class ItemKey(NamedTuple):
    pk: str
    sk: str


class Absent(NamedTuple):
    """The field does not exist. ``Absent(PK)``: the item does not exist."""

    field: str


class Present(NamedTuple):
    field: str


class Equals(NamedTuple):
    field: str
    value: Any


class OneOf(NamedTuple):
    """The field is one of these values (1 to 100)."""

    field: str
    values: Sequence[str]


class AtMost(NamedTuple):
    """Numbers are compared by value, texts by their bytes."""

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
    """Change the item, or create it if it does not exist and the condition allows that."""

    key: ItemKey
    changes: Mapping[str, Any]
    """Values to set, by path; a map that a path goes through must exist."""
    condition: Condition | None = None
    add: Mapping[str, int] = {}
    """Numbers to add to fields; a missing field counts as 0."""
    remove: Sequence[str] = ()
    units: int = 1
    """Estimated write units, if the caller knows them; batches are paced by it."""


class Delete(NamedTuple):
    """Remove the item, if it is there. In batches only."""

    key: ItemKey
    units: int = 1


Write = Put | Update


class ConditionFailedError(Exception):
    """A condition was false, and nothing was written. ``failed`` are the indexes of the writes whose conditions were
    false; ``old`` is the current record of the first of them, ``None`` if the item does not exist."""

    def __init__(self, old: Record | None, failed: Sequence[int] = (0,)) -> None:
        super().__init__("the condition of the write did not hold")
        self.old = old
        self.failed = tuple(failed)


class Table(Protocol):
    """Can be shared between threads. Reads are consistent unless stated otherwise.

    Temporary errors are ``RetryableError``. What the table cannot store (an item over 400 KB, a transaction over its
    limits, an item twice in one transaction) raises a permanent error.
    """

    def get(self, key: ItemKey) -> Record | None: ...

    def get_many(self, keys: Sequence[ItemKey]) -> dict[ItemKey, Record]:
        """Keys without an item are omitted from the result."""
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
        """Records of a partition, sorted by sort key; ``only`` limits the fields."""
        ...

    def scroll(self, pk: str, keys: Prefix | Between, page: int, *, after: ItemKey | None = None) -> Iterator[Record]:
        """The same, ``page`` records per request, read lazily: items that are removed meanwhile do no harm."""
        ...

    def keys(self, pk: str, limit: int) -> list[ItemKey]:
        """Of up to ``limit`` items of a partition, in the order of their sort keys."""
        ...

    def put(self, key: ItemKey, fields: Mapping[str, Any]) -> None: ...

    def put_if(self, key: ItemKey, fields: Mapping[str, Any], condition: Condition) -> bool:
        """Whether it was stored; false if the condition was false."""
        ...

    def update_if(self, update: Update) -> Record:
        """Returns the changed record. Raises ``ConditionFailedError``."""
        ...

    def delete_if(self, key: ItemKey, condition: Condition) -> bool:
        """Whether it was deleted; false if the condition was false."""
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
