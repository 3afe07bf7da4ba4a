"""P10: as many posts at once as the campaign allows, each with its own record, and exact sums of what failed."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from random import Random
from time import monotonic, sleep
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.errors import WORKFLOW_RETRIES, PostsInProgressError
from lambdas.domain.models.campaign import CampaignStatus, PostCounts
from lambdas.domain.models.post import Post, PostStatus
from tests.support import samples
from tests.support.agents import Act, Generator
from tests.support.faults import Crash, Fault, FaultPlan, Place
from tests.support.interpreter import Ended
from tests.support.pipeline import Pipeline
from tests.support.strategies import briefs, faults
from tests.support.world import World

FEW = 2
"""Faults of a run: with one temporary error of the agent on top, no post runs out of attempts."""

SECONDS_A_POST = 0.002
"""Long enough for posts that may be written at the same time to be."""


@settings(max_examples=100, deadline=None)
@given(
    brief=briefs(),
    permanent=st.sets(st.integers(0, 11), max_size=4),
    temporary=st.sets(st.integers(0, 11), max_size=4),
    faults=faults(FEW, within_calls=80),
    seed=st.integers(0, 2**16),
    zombies=st.integers(0, 1),
)
def test_parallel_processing(
    brief: dict[str, Any],
    permanent: set[int],
    temporary: set[int],
    faults: dict[Place, Fault],
    seed: int,
    zombies: int,
) -> None:
    """**Feature: campaign-orchestration-durable, Property 10: For any content generation workflow, the system
    should process posts in parallel within concurrency limits, maintain separate checkpoints, and aggregate
    results while handling partial failures**
    """
    world = World()
    script = dict.fromkeys(temporary, (Act.TEMPORARY,)) | dict.fromkeys(permanent, Act.PERMANENT)
    generator = Generator(script, seconds=SECONDS_A_POST)
    pipeline = Pipeline(world, generator=generator, faults=FaultPlan(faults), chaos=Random(seed), zombies=zombies)
    ended = pipeline.run(world.queue(brief))
    posts = world.posts.page(samples.KEY, 100).items

    assert generator.peak <= brief["generation"]["maxConcurrency"]
    check_records(world, posts, permanent)
    check_sums(world, brief, posts, ended)
    if not faults:
        check_calls(generator, brief["postCount"], temporary - permanent)


def check_records(world: World, posts: list[Post], permanent: set[int]) -> None:
    """Each post has its own end, reached once, and nothing was written over it."""
    for post in posts:
        versions = world.table.versions[post.post_id]
        ended = [
            version for version in versions.values() if version.status in (PostStatus.COMPLETED, PostStatus.FAILED)
        ]
        assert ended == [post]
        assert post.version == max(versions)
        assert (post.status is PostStatus.FAILED) == (post.index in permanent)
        if post.status is PostStatus.COMPLETED:
            assert post.content is not None
            assert post.content.text.startswith(f"Post {post.index},")
            assert post.error is None
        else:
            assert post.content is None
            assert post.error is not None
            assert post.error.code == "BRAND_RULE_BROKEN"
    texts = [post.content.text for post in posts if post.content]
    assert len(set(texts)) == len(texts)


def check_sums(world: World, brief: dict[str, Any], posts: list[Post], ended: Ended) -> None:
    failed = sum(post.status is PostStatus.FAILED for post in posts)
    counts = PostCounts(total=brief["postCount"], completed=len(posts) - failed, failed=failed)
    campaign = world.campaigns.get(samples.KEY)
    assert len(posts) == counts.total
    assert world.posts.count(samples.KEY) == counts
    assert campaign.counts == counts
    tolerated = round(brief["generation"]["toleratedFailurePercentage"] * 10)
    enough = counts.completed > 0 and failed * 1_000 <= tolerated * counts.total
    assert ended.succeeded == enough
    assert (campaign.status is CampaignStatus.APPROVED) == enough


def check_calls(generator: Generator, posts: int, twice: set[int]) -> None:
    """Without faults nobody is asked once more than needed."""
    assert generator.calls == {index: 1 + (index in twice) for index in range(posts)}


class Death(StrEnum):
    BEFORE = "before the post is written"
    AFTER = "after it was written, and before it was stored"
    ONLY_THOUGHT = "thought dead and replaced, it comes back with its text"


class DyingGenerator(Generator):
    """Takes its process down the first time it writes one of the posts ``killed``."""

    def __init__(self, killed: set[int], death: Death) -> None:
        super().__init__()
        self._killed = killed
        self._death = death
        self.replace: Callable[[str], None] = lambda _: None
        """Runs the next attempt of the batch of a post."""

    def __call__(self, data: Mapping[str, Any]) -> dict[str, Any]:
        index = data["post"]["index"]
        if index not in self._killed or self.calls[index]:
            return super().__call__(data)
        if self._death is Death.BEFORE:
            self.calls[index] += 1
            raise Crash
        answer = super().__call__(data)
        if self._death is Death.AFTER:
            raise Crash
        self.replace(data["postId"])
        return answer


def replacement(pipeline: Pipeline) -> Callable[[str], None]:
    def replace(post_id: str) -> None:
        batches = [d for d in pipeline.deliveries if d.function == "generate-posts"]
        late = next(d for d in reversed(batches) if post_id in d.event["input"]["batch"]["postIds"])
        attempt = late.event["attempt"] | {"retryCount": late.event["attempt"]["retryCount"] + 1}
        with suppress(PostsInProgressError):  # two of its posts were slow, and the other one's successor is at work
            pipeline.deliver(late._replace(event=late.event | {"attempt": attempt}))

    return replace


@settings(max_examples=100, deadline=None)
@given(
    posts=st.integers(1, 12),
    at_once=st.integers(1, 6),
    size=st.integers(1, 4),
    killed=st.sets(st.integers(0, 11), min_size=1, max_size=3),
    death=st.sampled_from(Death),
    seed=st.integers(0, 2**16),
)
def test_a_killed_batch_costs_no_post(
    posts: int, at_once: int, size: int, killed: set[int], death: Death, seed: int
) -> None:
    """A process that dies while it writes a post takes its whole batch along, and the next attempt writes it."""
    world = World()
    brief = samples.brief(posts=posts, generation={"maxConcurrency": at_once, "batchSize": size})
    generator = DyingGenerator(killed, death)
    pipeline = Pipeline(world, generator=generator, chaos=Random(seed))
    generator.replace = replacement(pipeline)
    assert pipeline.run(world.queue(brief)).succeeded
    assert world.posts.count(samples.KEY) == PostCounts(total=posts, completed=posts)
    for versions in world.table.versions.values():
        assert [version.status for version in versions.values()].count(PostStatus.COMPLETED) == 1


def test_tolerance_counts_posts_and_not_batches() -> None:
    """One post kills its process whenever it is written: half of the batches fail, and a twentieth of the posts."""
    world = World()
    brief = samples.brief(
        posts=20, generation={"maxConcurrency": 20, "batchSize": 10, "toleratedFailurePercentage": 5.0}
    )

    def kill(index: int) -> None:
        if index == 3:
            until = monotonic() + 10
            while world.posts.count(samples.KEY).completed < 19 and monotonic() < until:
                sleep(0.01)
            raise Crash

    generator = Generator(during=kill)
    ended = Pipeline(world, generator=generator).run(world.queue(brief))
    assert ended.succeeded, ended
    assert world.campaigns.get(samples.KEY).counts == PostCounts(total=20, completed=19, failed=1)
    assert generator.calls == {index: 1 + (index == 3) * WORKFLOW_RETRIES for index in range(20)}
    (failed,) = [post for post in world.posts.page(samples.KEY, 100).items if post.status is PostStatus.FAILED]
    assert failed.error
    assert (failed.index, failed.error.code) == (3, "BATCH_FAILED")
