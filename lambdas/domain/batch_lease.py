"""Which worker may write a batch, and which posts are being written.

A claim is one write for a whole batch; its posts are not changed until their texts are stored. So the status
``generating`` is not stored anywhere: ``under_claims`` derives it for planned posts whose batch is claimed.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from lambdas.domain.models.post import Claim, Post, PostStatus

WRITER_LIVES = timedelta(seconds=130)
"""How long after its claim a worker may be alive: Lambda ends generate-posts after 120 s (``stacks/workflow.py``). A
claim is valid for longer, so that another worker that is not sure does not take the batch."""


def alive_until(claim: Claim) -> datetime:
    return min(claim.claimed_at + WRITER_LIVES, claim.expires_at)


def under_claims(posts: Iterable[Post], claims: Mapping[int, Claim]) -> Iterator[Post]:
    """The same posts; those that are being written are ``generating`` and have the claim."""
    for post in posts:
        claim = claims.get(post.batch_id)
        held = claim is not None and post.status is PostStatus.PLANNED
        yield post.model_copy(update={"status": PostStatus.GENERATING, "claim": claim}) if held else post
