"""Which posts a page shows: all of a campaign in pages of fifty, or those that a filter lets through."""

from typing import NamedTuple

from lambdas.api.pages.shown import needs_attention
from lambdas.domain.ids import CampaignKey, post_id_for
from lambdas.domain.models.post import Post
from lambdas.ports.paging import every
from lambdas.ports.stores import PostStore

POSTS_A_PAGE = 50


class Filter(NamedTuple):
    """As the form has it."""

    platform: str = ""
    """Empty: every platform."""
    attention: bool = False

    def lets_through(self, post: Post) -> bool:
        return self.platform in ("", post.platform) and (needs_attention(post) or not self.attention)


class Selection(NamedTuple):
    """One page of the posts."""

    posts: list[Post]
    numbers: frozenset[int]
    """Of these posts, from 1 in plan order."""
    page: int
    pages: int
    first: int
    """Place of the first one among all that could be here, from 1."""
    matching: int
    """How many that are."""


def select(posts: PostStore, key: CampaignKey, total: int, chosen: Filter, page: str, keep: int) -> Selection:
    """``page`` is what a form says, whatever that is. ``keep``: a post that the reader is busy with is shown though the
    filter does not let it through, and so is its page.

    Without a filter one page of posts is read, with one all of them.
    """
    numbers = list(range(1, total + 1))
    if chosen != Filter():
        through = {p.index + 1 for p in every(posts, key) if chosen.lets_through(p) or p.index + 1 == keep}
        numbers = [number for number in numbers if number in through]
    pages = max(1, -(-len(numbers) // POSTS_A_PAGE))
    at = min(pages, max(1, int(page))) if page.isascii() and page.isdecimal() and len(page) < 9 else 1
    if keep in numbers:
        at = numbers.index(keep) // POSTS_A_PAGE + 1
    first = (at - 1) * POSTS_A_PAGE
    here = numbers[first : first + POSTS_A_PAGE]
    ids = {post_id_for(key.campaign_id, number - 1) for number in here}
    found = posts.get_many(key, sorted(ids)) if here else []
    return Selection(found, frozenset(here), at, pages, first + 1, len(numbers))
