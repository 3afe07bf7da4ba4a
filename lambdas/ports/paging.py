"""Paged lists: opaque cursors, and reading a whole list.

A cursor encodes the position of the last item of the previous page. It is opaque, so that clients do not build their
own.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING

from lambdas.domain.errors import FieldError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambdas.domain.ids import CampaignKey
    from lambdas.domain.models.post import Post
    from lambdas.ports.stores import PostStore

PAGE = 500


_PLACE = re.compile(r"[A-Za-z0-9.:/_#-]{1,512}")


def encode_place(place: str) -> str:
    """``place`` is ASCII."""
    return urlsafe_b64encode(place.encode("ascii")).decode().rstrip("=")


def decode_place(cursor: str) -> str:
    """The position that a cursor encodes; raises ``InvalidInputError`` for an invalid cursor."""
    try:
        place = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        if encode_place(place) == cursor and _PLACE.fullmatch(place):  # the decoder ignores invalid characters
            return place
    except ValueError:
        pass
    raise not_ours()


def not_ours() -> InvalidInputError:
    message = "is not a cursor of this list; use the nextCursor of the page before"
    return InvalidInputError(f"cursor: {message}", errors=[FieldError("cursor", message)])


def every(posts: PostStore, key: CampaignKey) -> Iterator[Post]:
    """All posts of a campaign, in plan order."""
    cursor: str | None = None
    while True:
        page = posts.page(key, PAGE, cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return
