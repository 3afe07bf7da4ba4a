"""GeneratePosts: writes the posts of one batch, under one claim, and stores each soon after it is written."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from lambdas.agents import content_generator
from lambdas.agents.inputs import generator_input
from lambdas.agents.model_choice import AgentSettings
from lambdas.agents.outcome import result_of
from lambdas.bootstrap import step
from lambdas.domain.batch_lease import under_claims
from lambdas.domain.errors import (
    THROTTLED_RETRIES,
    AgentRetryableError,
    CampaignError,
    ConflictError,
    DependencyTimeoutError,
    PermanentError,
    PostsInProgressError,
    RetryableError,
    ThrottledError,
)
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.domain.models.post import Claim, CommentOutcome, Post, PostContent, PostError, PostStatus, Provenance
from lambdas.domain.models.workflow import BatchResult, GenerateBatchEvent
from lambdas.ports.bundle import Deadline, Ports
from lambdas.ports.stores import Clock
from lambdas.settings import BucketSettings, TableSettings

Agent = Callable[[Mapping[str, Any]], dict[str, Any]]

CLAIM_LEASE = timedelta(minutes=5)
"""Longer than the function may run, so that a claim never expires while its worker is alive."""

LAST_RETRY = 3
"""The engine's retry at which a post that fails temporarily is given up, so that the rest of the campaign continues. A
throttled post is given up at the last of ``THROTTLED_RETRIES``: a busy hour should slow a campaign down, not fail
it."""

STORING_SECONDS = 10.0
"""Reserved before the deadline: posts that are not written by then are left to the next attempt, and the others
stored."""

TOGETHER_SECONDS = 1.0
"""How long a written post waits for others of its batch, to be stored by the same request."""


class Outcome(NamedTuple):
    """A claimed post and its outcome: the record to store, or the temporary error."""

    post: Post
    record: Post | None
    error: RetryableError | None


def generate_batch(event: GenerateBatchEvent, ports: Ports, generator: Agent) -> BatchResult:
    """Claim the batch, write its unwritten posts, store them; completed posts are never written again.

    Raises ``AgentRetryableError`` if posts failed for a temporary reason or were not written before the deadline
    (finished ones are stored first), ``ThrottledError`` if all of these were throttled, for which the engine waits
    longer, and ``PostsInProgressError`` if the batch is held by another valid claim.
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
    stored, unfinished = _write_and_store(event, campaign, claimed, ports, generator)
    _raise_unfinished(unfinished)
    completed = sum(post.status == PostStatus.COMPLETED for post in stored)
    return BatchResult(
        batch_id=batch.batch_id,
        completed=completed,
        failed=len(stored) - completed,
        skipped=len(batch.post_ids) - len(stored),
    )


def _claim(event: GenerateBatchEvent, ports: Ports) -> Claim:
    now = ports.clock.now()
    return Claim(
        owner=f"{event.attempt.execution_name}/{event.input.batch.batch_id}",
        attempt=event.attempt.retry_count,
        nonce=ports.ids.nonce(),
        claimed_at=now,
        expires_at=now + CLAIM_LEASE,
    )


def _write_and_store(
    event: GenerateBatchEvent, campaign: Campaign, claimed: Sequence[Post], ports: Ports, generator: Agent
) -> tuple[list[Post], list[Outcome]]:
    """The posts that were stored, and those to be written again."""
    stored: list[Post] = []
    unstored: list[Post] = []
    unfinished: list[Outcome] = []
    refused: RetryableError | None = None
    with closing(_write_all(campaign, claimed, ports, generator, event.attempt.retry_count)) as written:
        for outcomes in written:
            unstored += [outcome.record for outcome in outcomes if outcome.record]
            unfinished += [outcome for outcome in outcomes if not outcome.record]
            try:
                stored += ports.posts.finish(event.key, event.input.batch.batch_id, unstored)
            except RetryableError as error:
                refused = error  # other posts are still being written: these are stored with the next of them
            else:
                unstored = []
    if unstored and refused:
        raise refused
    return stored, unfinished


def _write_all(
    campaign: Campaign, claimed: Sequence[Post], ports: Ports, generator: Agent, retry: int
) -> Generator[list[Outcome]]:
    """Write the claimed posts in parallel: most of the time is spent waiting for the model."""
    if not claimed:
        return
    ask = _asking(campaign, ports, generator)
    pool = ThreadPoolExecutor(max_workers=len(claimed))
    try:
        futures = {pool.submit(_write, post, partial(ask, post), ports.clock, retry): post for post in claimed}
        for done, in_flight in _as_they_come(set(futures), ports.deadline):
            yield [future.result() for future in done] + [
                _outcome(futures[future], _late(), ports.clock, retry) for future in in_flight
            ]
    finally:
        # A call that hangs past the deadline cannot be ended from here; its result is discarded.
        pool.shutdown(wait=_left(ports.deadline) != 0, cancel_futures=True)


def _asking(campaign: Campaign, ports: Ports, generator: Agent) -> Callable[[Post], dict[str, Any]]:
    if campaign.configuration is None:
        raise ConflictError("the campaign was not saved", details={"status": campaign.status.value})
    configuration = campaign.configuration
    said = ports.remembered_texts.get(campaign.key)
    return lambda post: generator(generator_input(campaign, configuration, post, recent_texts=said))


Writing = Future[Outcome]


def _as_they_come(in_flight: set[Writing], deadline: Deadline | None) -> Iterator[tuple[set[Writing], set[Writing]]]:
    """The posts written so far, together with those that follow within ``TOGETHER_SECONDS``; at the deadline, the
    others as well.

    Each request to store costs one write unit for the batch's own item, so it is worth waiting for more posts.
    """
    while in_flight:
        wait(in_flight, _left(deadline), return_when=FIRST_COMPLETED)
        together = min(TOGETHER_SECONDS, _left(deadline) or 0) if deadline else TOGETHER_SECONDS
        done, in_flight = wait(in_flight, together, return_when=FIRST_EXCEPTION)
        if _left(deadline) == 0:
            yield done, in_flight
            return
        yield done, set()


def _left(deadline: Deadline | None) -> float | None:
    """Seconds until posts in progress are given up; ``None`` for no limit."""
    return deadline.left(STORING_SECONDS) if deadline else None


def _late() -> RetryableError:
    return DependencyTimeoutError("the invocation ended before the post was written", details={"code": "OUT_OF_TIME"})


def _write(post: Post, ask: Callable[[], dict[str, Any]], clock: Clock, retry: int) -> Outcome:
    try:
        result = result_of(ask())
        return Outcome(post, _completed(post, result, clock), None)
    except Exception as error:  # noqa: BLE001 - whatever befalls one post, its neighbours are stored
        return _outcome(post, error, clock, retry)


def _outcome(post: Post, error: Exception, clock: Clock, retry: int) -> Outcome:
    if isinstance(error, PermanentError):
        return Outcome(post, _failed(post, error, clock), None)
    temporary = _temporary(error)
    last = THROTTLED_RETRIES if isinstance(temporary, ThrottledError) else LAST_RETRY
    return Outcome(post, _failed(post, temporary, clock) if retry >= last else None, temporary)


def _completed(post: Post, result: Mapping[str, Any], clock: Clock) -> Post:
    written: dict[str, Any] = {
        "status": PostStatus.COMPLETED,
        "content": PostContent.from_wire(result["content"], at="content"),
        "provenance": Provenance.from_wire(result["provenance"], at="provenance"),
        "completed_at": clock.now(),
    }
    if post.revision:
        outcomes = tuple(CommentOutcome.from_wire(each, at="outcomes") for each in result.get("outcomes", ()))
        written["revision"] = post.revision.model_copy(update={"outcomes": outcomes})
    return post.model_copy(update=written)


def _temporary(error: Exception) -> RetryableError:
    """Errors that another attempt may not meet: known temporary ones and unexpected ones."""
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
        throttled = all(isinstance(outcome.error, ThrottledError) for outcome in waiting)
        kind = ThrottledError if throttled else AgentRetryableError
        raise kind(message, details={"postIds": [outcome.post.post_id for outcome in waiting]}) from first


class GeneratePostsSettings(TableSettings, BucketSettings, AgentSettings):
    """The bucket contains the texts that must not be repeated."""


handler = step(
    "GeneratePosts",
    GenerateBatchEvent,
    GeneratePostsSettings,
    lambda event, ports: generate_batch(
        event, ports, partial(content_generator.run, provider=ports.model, now=ports.clock.now)
    ),
    checkpoint=False,
)
