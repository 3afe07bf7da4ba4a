"""AggregateResults: count what was written, and decide whether it is enough to show to a person."""

from decimal import Decimal
from itertools import islice

from lambdas.core.errors import TooManyPostsFailedError
from lambdas.core.models.campaign import CampaignStatus, PostCounts
from lambdas.core.models.post import Post, PostError, PostStatus
from lambdas.core.models.workflow import StatusResult, StepEvent
from lambdas.core.paging import every
from lambdas.core.ports import CampaignKey, CampaignStore, Clock, PostStore

REASONS_SHOWN = 20
"""Failed posts named in the error; all of them keep their reason on their own record."""


def aggregate_results(event: StepEvent, campaigns: CampaignStore, posts: PostStore, clock: Clock) -> StatusResult:
    """Count the posts in the table: the map's own results are not trusted.

    Raises ``TooManyPostsFailedError`` beyond the campaign's tolerated percentage, or when no post was written.
    """
    campaign = campaigns.get(event.key)
    if campaign.status != CampaignStatus.GENERATING or event.revision != campaign.revision:
        return StatusResult(status=campaign.status, counts=campaign.counts)
    counts = posts.count(event.key)
    if counts.planned or counts.generating:
        _give_up_unwritten(event.key, posts, clock)
        counts = posts.count(event.key)
    campaigns.update(event.key, expected=[CampaignStatus.GENERATING], counts=counts, at=clock.now())
    _check_tolerance(event.key, posts, counts, campaign.brief.generation.tolerated_failure_percentage)
    return StatusResult(status=campaign.status, counts=counts)


def _give_up_unwritten(key: CampaignKey, posts: PostStore, clock: Clock) -> None:
    """The map is over and tolerated the batches of these posts failing: they fail, with that reason."""
    reason = PostError(code="BATCH_FAILED", message="the batch of this post could not be run", retryable=True)
    unwritten = [post for post in every(posts, key) if post.status in (PostStatus.PLANNED, PostStatus.GENERATING)]
    for batch_id in sorted({post.batch_id for post in unwritten}):
        failed = [
            post.model_copy(update={"status": PostStatus.FAILED, "error": reason, "completed_at": clock.now()})
            for post in unwritten
            if post.batch_id == batch_id
        ]
        posts.finish(key, batch_id, failed)


def _check_tolerance(key: CampaignKey, posts: PostStore, counts: PostCounts, tolerated: float) -> None:
    # In decimal, as the campaign wrote it: in binary, 4.1 % of 3,000 is a little less than 123.
    if counts.completed and counts.failed * 100 <= Decimal(str(tolerated)) * counts.total:
        return
    failed = (post for post in every(posts, key) if post.status == PostStatus.FAILED)
    reasons = [_reason(post) for post in islice(failed, REASONS_SHOWN)]
    raise TooManyPostsFailedError(
        f"{counts.failed} of {counts.total} posts failed, more than the tolerated {tolerated:g} %; "
        + "; ".join(f"post {r['index']}: {r['code']}" for r in reasons[:3]),
        details={"failed": counts.failed, "total": counts.total, "posts": reasons},
    )


def _reason(post: Post) -> dict[str, object]:
    error = post.error
    return {
        "postId": post.post_id,
        "index": post.index,
        "code": error.code if error else "UNKNOWN",
        "message": error.message if error else "",
    }
