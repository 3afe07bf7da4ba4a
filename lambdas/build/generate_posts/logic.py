"""GeneratePosts: write the posts of one batch, under one claim."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, NamedTuple

from lambdas.agents.inputs import generator_input
from lambdas.core.agent_reply import result_of
from lambdas.core.claims import under_claims
from lambdas.core.errors import (
    AgentRetryableError,
    CampaignError,
    ConflictError,
    PermanentError,
    PostsInProgressError,
    RetryableError,
)
from lambdas.core.models.campaign import Campaign, CampaignStatus
from lambdas.core.models.post import Claim, Post, PostContent, PostError, PostStatus, Provenance
from lambdas.core.models.workflow import BatchResult, GenerateBatchEvent
from lambdas.core.ports import CampaignKey, CampaignStore, Clock, IdSource, PostStore, RecentTexts

Generator = Callable[[Mapping[str, Any]], dict[str, Any]]

CLAIM_LEASE = timedelta(minutes=5)
"""Longer than the function may run, so that a claim never lapses under a living writer."""

LAST_RETRY = 3
"""The engine's retry from which a post that still fails temporarily is given up, and its neighbours let go."""


class Outcome(NamedTuple):
    """A claimed post and what became of it: the record to store, or the error that may pass."""

    post: Post
    record: Post | None
    error: RetryableError | None


class BatchPorts(NamedTuple):
    campaigns: CampaignStore
    posts: PostStore
    recent: RecentTexts
    generator: Generator
    clock: Clock
    ids: IdSource


def generate_batch(event: GenerateBatchEvent, ports: BatchPorts) -> BatchResult:
    """Claim the batch, write what is unwritten of it, store it; completed posts are never touched again.

    Raises ``AgentRetryableError`` when posts failed for a reason that may pass (the finished ones are stored first),
    and ``PostsInProgressError`` when the batch is held by another valid claim.
    """
    batch = event.input.batch
    posts = ports.posts
    campaign = ports.campaigns.get_configured(event.key)
    if campaign.status != CampaignStatus.GENERATING:
        return BatchResult(batch_id=batch.batch_id, completed=0, failed=0, skipped=len(batch.post_ids))
    unwritten = [post for post in posts.get_many(event.key, batch.post_ids) if post.status is PostStatus.PLANNED]
    claim = _claim(event, ports)
    if unwritten and not posts.claim(event.key, batch.batch_id, claim):
        raise PostsInProgressError(f"{len(unwritten)} posts of the batch are held by another claim")
    claimed = list(under_claims(unwritten, {batch.batch_id: claim}))
    outcomes = _write_all(campaign, claimed, ports, last=event.attempt.retry_count >= LAST_RETRY)
    stored = posts.finish(event.key, batch.batch_id, [outcome.record for outcome in outcomes if outcome.record])
    _raise_unfinished(outcomes)
    completed = sum(post.status == PostStatus.COMPLETED for post in stored)
    return BatchResult(
        batch_id=batch.batch_id,
        completed=completed,
        failed=len(stored) - completed,
        skipped=len(batch.post_ids) - len(stored),
    )


def _claim(event: GenerateBatchEvent, ports: BatchPorts) -> Claim:
    now = ports.clock.now()
    return Claim(
        owner=f"{event.attempt.execution_name}/{event.input.batch.batch_id}",
        attempt=event.attempt.retry_count,
        nonce=ports.ids.nonce(),
        claimed_at=now,
        expires_at=now + CLAIM_LEASE,
    )


def _write_all(campaign: Campaign, claimed: Sequence[Post], ports: BatchPorts, *, last: bool) -> list[Outcome]:
    """Write the claimed posts side by side: most of the time goes into waiting for the model."""
    if not claimed:
        return []
    if campaign.configuration is None:
        raise ConflictError("the campaign was not saved", details={"status": campaign.status.value})
    configuration, said = (
        campaign.configuration,
        ports.recent.get(CampaignKey(campaign.tenant_id, campaign.campaign_id)),
    )

    def write(post: Post) -> Outcome:
        def ask() -> dict[str, Any]:
            return ports.generator(generator_input(campaign, configuration, post, recent_texts=said))

        return _write(post, ask, ports.clock, last=last)

    with ThreadPoolExecutor(max_workers=len(claimed)) as pool:
        return list(pool.map(write, claimed))


def _write(post: Post, ask: Callable[[], dict[str, Any]], clock: Clock, *, last: bool) -> Outcome:
    try:
        result = result_of(ask())
        return Outcome(post, _completed(post, result, clock), None)
    except PermanentError as error:
        return Outcome(post, _failed(post, error, clock), None)
    except Exception as error:  # noqa: BLE001 - whatever befalls one post, its neighbours are stored
        temporary = _temporary(error)
        return Outcome(post, _failed(post, temporary, clock) if last else None, temporary)


def _completed(post: Post, result: Mapping[str, Any], clock: Clock) -> Post:
    written = {
        "status": PostStatus.COMPLETED,
        "content": PostContent.from_wire(result["content"], at="content"),
        "provenance": Provenance.from_wire(result["provenance"], at="provenance"),
        "completed_at": clock.now(),
    }
    return post.model_copy(update=written)


def _temporary(error: Exception) -> RetryableError:
    """What the next attempt may not meet: known temporary errors, and those nobody foresaw."""
    if isinstance(error, RetryableError):
        return error
    unforeseen = AgentRetryableError(f"{type(error).__name__}: {error}", details={"code": "UNEXPECTED_ERROR"})
    unforeseen.__cause__ = error
    return unforeseen


def _failed(post: Post, error: CampaignError, clock: Clock) -> Post:
    details = dict(error.details)
    reason = PostError(
        code=str(details.pop("code", error.code)),
        message=error.message,
        retryable=error.retryable,
        details=details or None,
    )
    return post.model_copy(update={"status": PostStatus.FAILED, "error": reason, "completed_at": clock.now()})


def _raise_unfinished(outcomes: Sequence[Outcome]) -> None:
    waiting = [outcome for outcome in outcomes if outcome.record is None]
    if waiting:
        first = waiting[0].error
        message = f"{len(waiting)} posts of the batch could not be written yet; the first: {first}"
        raise AgentRetryableError(message, details={"postIds": [o.post.post_id for o in waiting]}) from first
