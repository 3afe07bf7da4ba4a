"""Who may write a batch, and which posts are being written.

A claim is one write for a whole batch, and the posts stay as they were planned until their text is stored. So that a
post is ``generating`` is nowhere stored: it is what ``under_claims`` makes of a planned post whose batch is held.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from lambdas.domain.models.post import Claim, Post, PostStatus

WRITER_LIVES = timedelta(seconds=130)
"""For so long after its claim a writer may be alive: Lambda ends generate-posts after 120 s (``stacks/workflow.py``).
A claim is valid for longer, so that nobody who is not sure takes the batch."""


def alive_until(claim: Claim) -> datetime:
    return min(claim.claimed_at + WRITER_LIVES, claim.expires_at)


def under_claims(posts: Iterable[Post], claims: Mapping[int, Claim]) -> Iterator[Post]:
    """The same posts; those that are being written are ``generating`` and name the claim."""
    for post in posts:
        claim = claims.get(post.batch_id)
        held = claim is not None and post.status is PostStatus.PLANNED
        yield post.model_copy(update={"status": PostStatus.GENERATING, "claim": claim}) if held else post
