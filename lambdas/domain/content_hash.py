"""The hash of what was shown to the reviewers: a decision names it, and so must anything that is sent later."""

import hashlib
import json
from collections.abc import Iterable

from lambdas.domain.errors import ContentChangedError
from lambdas.domain.models.base import iso
from lambdas.domain.models.campaign import Campaign
from lambdas.domain.models.post import Post


def content_hash(posts: Iterable[Post]) -> str:
    """SHA-256 (hexadecimal) over the posts' ids and contents, in the order given: plan order.

    When a text was written does not change what it says, so ``generatedAt`` is left out; a post without
    content (one that failed) counts as ``null``, and so does one that was dropped. Of a post that a person moved the
    time counts as well; the hash of one that nobody touched is what it was before posts could be moved. Posts are
    consumed one by one, so a generator of 10,000 is fine.
    """
    hashed = ContentHash()
    for post in posts:
        hashed.add(post)
    return hashed.hexdigest()


class ContentHash:
    """The same, for who reads the posts for something else as well."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, post: Post) -> None:
        content = post.content.to_record() if post.content and post.goes_out else None
        if content is not None:
            del content["generatedAt"]
        moved = [iso(post.scheduled_at)] if post.moved_from and content is not None else []
        line = json.dumps([post.post_id, content, *moved], ensure_ascii=True, sort_keys=True, separators=(",", ":"))
        self._digest.update(line.encode() + b"\n")

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def require_approved_content(campaign: Campaign, posts: Iterable[Post]) -> None:
    """Whoever sends posts calls this first: nothing goes out that is not exactly what was approved.

    ``posts`` are all of the campaign's, in plan order. Raises ``ContentChangedError``, also when nothing was approved.
    """
    if campaign.approved_content_hash is None:
        raise ContentChangedError("no content of this campaign was approved")
    if content_hash(posts) != campaign.approved_content_hash:
        raise ContentChangedError("the posts are not those that were approved")
