"""Cursors of lists whose items have ULIDs: the id of the last item of the page before, in few characters."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from ulid import ULID

from lambdas.ports.cursor import not_ours


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
    raise not_ours()
