"""How large a record is in the table, so that what would not fit is refused before anything is written."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

MAX_ITEM_BYTES = 400 * 1024
"""Of an item with its attributes' names and its keys (2026-11,
docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items)."""

RESERVE_BYTES = 16 * 1024
"""Kept free for the item's keys and for what later steps add to it: counts, hashes, an error with its causes."""

PAGE_BYTES = 900_000
"""Of the records on one page of a list, unless it is a single one. A page is the body of a Lambda's answer, JSON within
JSON: a quotation mark becomes four bytes, an umlaut of two bytes seven. So it stays under the 6 MB of an answer
(2026-11, docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), and under the 1 MB that one query reads."""


def record_bytes(wire: Any) -> int:
    """Bytes of a record in its wire form, at most: those of its names and values, and of its lists and objects.

    As docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html counts them.
    """
    if isinstance(wire, str):
        return len(wire.encode("utf-8", "surrogatepass"))
    if isinstance(wire, bool) or wire is None:
        return 1
    if isinstance(wire, int | float):
        return len(repr(wire)) // 2 + 2
    if isinstance(wire, Mapping):
        return 3 + sum(1 + len(name.encode()) + record_bytes(value) for name, value in wire.items())
    return 3 + sum(1 + record_bytes(member) for member in wire)


def fits(wire: Any) -> bool:
    """Whether an item can hold the record now and after what later steps add to it."""
    return record_bytes(wire) + RESERVE_BYTES <= MAX_ITEM_BYTES


def joined(said: Iterable[str], limit: int) -> str:
    """Everybody's words, each text once, in at most ``limit`` characters: where they are too many each gets an equal
    share, and what somebody leaves of theirs is the others'."""
    texts = dict.fromkeys(text for text in said if text)
    kept: dict[str, str] = {}
    left = limit - len(texts) + 1  # a line break stands between two
    for number, text in enumerate(sorted(texts, key=len)):
        kept[text] = text[: left // (len(texts) - number)]
        left -= len(kept[text])
    return "\n".join(kept[text] for text in texts)


def first_page(records: Iterable[T], limit: int, size: Callable[[T], int] = record_bytes) -> tuple[list[T], bool]:
    """As many of the first ``records`` as a page may have, by count and by bytes, and whether there are more."""
    page: list[T] = []
    total = 0
    for record in records:
        total += size(record)
        if len(page) == limit or (page and total > PAGE_BYTES):
            return page, True
        page.append(record)
    return page, False
