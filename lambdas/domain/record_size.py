"""The size of a record in the table, so that one that would not fit is refused before anything is written."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

MAX_ITEM_BYTES = 400 * 1024
"""Maximum size of an item with its attributes' names and its keys (2026-11,
docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-items)."""

RESERVE_BYTES = 16 * 1024
"""Reserved for the item's keys and for what later steps add to it: counts, hashes, an error with its causes."""

PAGE_BYTES = 900_000
"""Maximum size of the records on one page of a list, unless it is a single one. A page is the body of a Lambda's
answer, JSON within JSON: a quotation mark becomes four bytes, an umlaut of two bytes seven. This keeps it under the
6 MB of an answer (2026-11, docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html), and under the 1 MB that
one query reads."""


def record_bytes(wire: Any) -> int:
    """Upper bound of the bytes of a record in its wire form: names, values, lists and objects.

    Counted as in docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html.
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


def fits(wire: Any, beside: int = 0) -> bool:
    """Whether an item can hold the record now and after what later steps add to it, and ``beside`` bytes more."""
    return record_bytes(wire) + beside + RESERVE_BYTES <= MAX_ITEM_BYTES


def joined(said: Iterable[str], limit: int) -> str:
    """All texts, each once, in at most ``limit`` characters. If they are too long, each gets an equal share, and what
    one does not use goes to the others."""
    texts = dict.fromkeys(text for text in said if text)
    kept: dict[str, str] = {}
    left = limit - len(texts) + 1  # the line break between two texts
    for number, text in enumerate(sorted(texts, key=len)):
        kept[text] = text[: left // (len(texts) - number)]
        left -= len(kept[text])
    return "\n".join(kept[text] for text in texts)


def first_page(records: Iterable[T], limit: int, size: Callable[[T], int] = record_bytes) -> tuple[list[T], bool]:
    """As many of the first ``records`` as fit on a page, by count and by bytes, and whether there are more."""
    page: list[T] = []
    total = 0
    for record in records:
        total += size(record)
        if len(page) == limit or (page and total > PAGE_BYTES):
            return page, True
        page.append(record)
    return page, False
