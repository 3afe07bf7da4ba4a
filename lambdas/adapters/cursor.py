"""Opaque cursors of lists: the id of the last item of the page before."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from ulid import ULID

from lambdas.core.errors import FieldError, InvalidInputError

_PLACE = re.compile(r"[A-Za-z0-9.:/_#-]{1,512}")


def encode_cursor(last_id: str) -> str:
    return urlsafe_b64encode(ULID.from_str(last_id).bytes).decode().rstrip("=")


def decode_cursor(cursor: str) -> str:
    """The id a cursor stands for; raises ``InvalidInputError`` for anything but a cursor of ours."""
    try:
        last_id = str(ULID.from_bytes(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
        if encode_cursor(last_id) == cursor:  # the decoder skips characters it does not know
            return last_id
    except ValueError:
        pass
    raise _not_ours()


def _not_ours() -> InvalidInputError:
    message = "is not a cursor of this list; use the nextCursor of the page before"
    return InvalidInputError(f"cursor: {message}", errors=[FieldError("cursor", message)])


def encode_place(place: str) -> str:
    """The same for a list whose items have no ids but places in it (ASCII)."""
    return urlsafe_b64encode(place.encode("ascii")).decode().rstrip("=")


def decode_place(cursor: str) -> str:
    try:
        place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        if encode_place(place) == cursor and _PLACE.fullmatch(place):
            return place
    except ValueError:
        pass
    raise _not_ours()
