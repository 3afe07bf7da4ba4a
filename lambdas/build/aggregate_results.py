"""AggregateResults: counts the written posts, marks duplicates, and decides whether the campaign goes to the
reviewers."""

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from lambdas.bootstrap import step
from lambdas.build.duplicates import WrittenText, mark_duplicates, written_text
from lambdas.domain.content_hash import ContentHash
from lambdas.domain.errors import TooManyPostsFailedError
from lambdas.domain.models.campaign import CampaignStatus, PostCounts
from lambdas.domain.models.post import Post, PostError, PostStatus
from lambdas.domain.models.workflow import StatusResult, StepEvent
from lambdas.ports.paging import every
from lambdas.ports.stores import CampaignKey, CampaignStore, Clock, PostStore
from lambdas.settings import TableSettings

REASONS_SHOWN = 20
"""Maximum number of failed posts named in the error; each failed post keeps its reason on its own record."""


def aggregate_results(event: StepEvent, campaigns: CampaignStore, posts: PostStore, clock: Clock) -> StatusResult:
    """Count the posts in the table, with one read of each. The map's own results are not used.

    Raises ``TooManyPostsFailedError`` if more failed than the campaign tolerates, or no post was written.
    """
    campaign = campaigns.get(event.key)
    if campaign.status != CampaignStatus.GENERATING or event.revision != campaign.revision:
        return StatusResult(status=campaign.status, counts=campaign.counts)
    read = _read(event.key, posts)
    if read.unwritten:
        _give_up(event.key, read.unwritten, posts, clock)
        read = _read(event.key, posts)
    mark_duplicates(event.key, read.texts, posts)
    result = StatusResult(status=campaign.status, counts=read.counts)
    failure = _intolerable(read, campaign.brief.generation.tolerated_failure_percentage)
    campaigns.change(
        event.key,
        expected=[CampaignStatus.GENERATING],
        counts=read.counts,
        content_hash=read.content_hash,
        needs_person=read.needs_person,
        at=clock.now(),
        result=None if failure else result,
    )
    if failure:
        raise failure
    return result


class _Read(NamedTuple):
    """The results of one pass over the posts."""

    counts: PostCounts
    texts: list[WrittenText]
    unwritten: list[Post]
    reasons: list[dict[str, Any]]
    content_hash: str
    needs_person: int


def _read(key: CampaignKey, posts: PostStore) -> _Read:
    by_status: Counter[str] = Counter()
    texts: list[WrittenText] = []
    unwritten: list[Post] = []
    reasons: list[dict[str, Any]] = []
    hashed = ContentHash()
    needs_person = 0
    for post in every(posts, key):
        hashed.add(post)
        by_status["dropped" if post.dropped else post.status] += 1
        needs_person += post.needs_person
        if text := written_text(post):
            texts.append(text)
        if post.status in (PostStatus.PLANNED, PostStatus.GENERATING):
            unwritten.append(post)
        if post.status == PostStatus.FAILED and len(reasons) < REASONS_SHOWN:
            reasons.append(_reason(post))
    counts = PostCounts(
        total=by_status.total(),
        planned=by_status[PostStatus.PLANNED],
        generating=by_status[PostStatus.GENERATING],
        completed=by_status[PostStatus.COMPLETED],
        failed=by_status[PostStatus.FAILED],
        dropped=by_status["dropped"],
    )
    return _Read(counts, texts, unwritten, reasons, hashed.hexdigest(), needs_person)


def _give_up(key: CampaignKey, unwritten: Sequence[Post], posts: PostStore, clock: Clock) -> None:
    """Mark the posts of failed batches as failed, with that reason: the map is over and does not fail with its
    batches."""
    reason = PostError(code="BATCH_FAILED", message="the batch of this post could not be run", retryable=True)
    for batch_id in sorted({post.batch_id for post in unwritten}):
        failed = [
            post.model_copy(update={"status": PostStatus.FAILED, "error": reason, "completed_at": clock.now()})
            for post in unwritten
            if post.batch_id == batch_id
        ]
        posts.finish(key, batch_id, failed)


def _intolerable(read: _Read, tolerated: float) -> TooManyPostsFailedError | None:
    counts, reasons = read.counts, read.reasons
    # Decimal numbers, as the campaign states them: in binary, 4.1 % of 3,000 is slightly less than 123.
    if counts.completed and counts.failed * 100 <= Decimal(str(tolerated)) * counts.total:
        return None
    return TooManyPostsFailedError(
        f"{counts.failed} of {counts.total} posts failed, more than the tolerated {tolerated:g} %; "
        + "; ".join(f"post {r['index'] + 1}: {r['code']}" for r in reasons[:3]),
        details={"failed": counts.failed, "total": counts.total, "posts": reasons},
    )


def _reason(post: Post) -> dict[str, Any]:
    error = post.error
    return {
        "postId": post.post_id,
        "index": post.index,
        "code": error.code if error else "UNKNOWN",
        "message": error.message if error else "",
    }


handler = step(
    "AggregateResults",
    StepEvent,
    TableSettings,
    lambda event, ports: aggregate_results(event, ports.campaigns, ports.posts, ports.clock),
)
