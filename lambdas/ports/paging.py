"""Reading a whole list page by page."""

from collections.abc import Iterator

from lambdas.domain.models.post import Post
from lambdas.ports.stores import CampaignKey, PostStore

PAGE = 500


def every(posts: PostStore, key: CampaignKey) -> Iterator[Post]:
    """All posts of a campaign, in plan order."""
    cursor: str | None = None
    while True:
        page = posts.page(key, PAGE, cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return
