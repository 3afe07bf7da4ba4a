"""Pages and cursors of lists whose items have ULIDs: a cursor is the id of the last item of the previous page."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from ulid import ULID

from lambdas.domain.record_size import first_page
from lambdas.ports.paging import not_ours
from lambdas.ports.table import ItemKey, Prefix, Record, Table


def encode_cursor(last_id: str) -> str:
    return urlsafe_b64encode(ULID.from_str(last_id).bytes).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The id that a cursor encodes; raises ``InvalidInputError`` for an invalid cursor."""
    try:
        last_id = str(ULID.from_bytes(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
        if encode_cursor(last_id) == cursor:  # the decoder ignores invalid characters
            return last_id
    except ValueError:
        pass
    raise not_ours()


def page_of(table: Table, pk: str, prefix: str, limit: int, after: ItemKey | None) -> tuple[list[Record], bool]:
    """At most ``limit`` records, fewer if they are large, and whether there are more."""
    # One more than requested, to see whether there is a next page.
    return first_page(table.scroll(pk, Prefix(prefix), limit + 1, after=after), limit)
