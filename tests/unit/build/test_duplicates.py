"""A campaign that says the same thing twice: the reviewer is told, and no post fails for it."""

from random import Random
from typing import Any

import pytest

from lambdas.build.aggregate_results import aggregate_results
from lambdas.build.duplicates import RULE, WrittenText, mark_duplicates
from lambdas.build.generate_posts import generate_batch
from lambdas.domain import similarity
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.campaign import PostCounts
from lambdas.domain.models.post import Post, PostStatus
from lambdas.domain.models.workflow import StatusResult
from lambdas.domain.platforms import Platform
from tests.support import samples
from tests.support.agents import Act, Generator
from tests.support.effort import results_of
from tests.support.events import batch_event, planned, step_event
from tests.support.world import World

SAID = "Tea tastes best when the water has just boiled, and a kettle that boils in a minute makes that easy every day."
SAID_AGAIN = SAID.replace("every day", "each day").upper()


def generated(world: World, generator: Generator, **changes: Any) -> None:
    for batch in planned(world, samples.brief(**changes)):
        generate_batch(batch_event(world, batch), world, generator)


def aggregate(world: World) -> StatusResult:
    return aggregate_results(step_event(world, "AggregateResults"), world.campaigns, world.posts, world.clock)


def posts(world: World) -> list[Post]:
    return world.posts.page(samples.KEY, 100).items


def marks(world: World) -> dict[int, str | None]:
    """By post index: what the marked posts are told of."""
    return {
        post.index: rule.detail
        for post in posts(world)
        if post.provenance
        for rule in post.provenance.rules
        if rule.rule == RULE and not rule.passed
    }


def test_the_later_post_names_the_earlier_one_and_neither_fails(world: World) -> None:
    generated(world, Generator(texts={2: SAID, 6: SAID_AGAIN}), posts=8)
    texts = [post.content for post in posts(world)]
    assert aggregate(world).counts == PostCounts(total=8, completed=8)
    assert marks(world) == {6: "83% like post 3"}
    assert [post.content for post in posts(world)] == texts
    assert {post.status for post in posts(world)} == {PostStatus.COMPLETED}


def test_a_repeat_writes_nothing(world: World) -> None:
    generated(world, Generator(texts={0: SAID, 4: SAID, 6: SAID}), posts=8)
    aggregate(world)
    before = world.everything()
    assert marks(world) == {4: "100% like post 1", 6: "100% like post 1"}
    aggregate(world)
    assert world.everything() == before


def test_the_same_message_on_another_platform_is_meant_to_be(world: World) -> None:
    generated(world, Generator(texts={0: SAID, 1: SAID}), posts=4)
    assert [post.platform for post in posts(world)[:2]] == [Platform.X, Platform.LINKEDIN]
    aggregate(world)
    assert marks(world) == {}


def test_a_failed_post_repeats_nobody(world: World) -> None:
    generated(world, Generator({0: Act.PERMANENT}, texts={2: SAID, 4: SAID}), posts=8)
    aggregate(world)
    assert marks(world) == {4: "100% like post 3"}


def test_a_mark_goes_with_its_reason(world: World) -> None:
    generated(world, Generator(texts={0: SAID, 2: SAID}), posts=4)
    aggregate(world)
    first, _, marked, _ = posts(world)
    assert first.content is not None
    other = first.content.model_copy(update={"text": "Something else entirely."})
    world.posts.finish(samples.KEY, first.batch_id, [first.model_copy(update={"content": other})])
    aggregate(world)
    assert marks(world) == {}
    assert posts(world)[2].version == marked.version + 1


def test_of_a_large_campaign_few_pairs_are_compared(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """All on one platform, of sentences that come again and again: the worst there is."""
    compared = results_of(monkeypatch, similarity, "_jaccard")
    chooser = Random(1)
    sentences = [" ".join(f"w{chooser.randrange(3_000)}" for _ in range(12)) for _ in range(200)]

    def text(index: int) -> WrittenText:
        said = " ".join(chooser.sample(sentences, 6))
        return WrittenText(post_id_for(samples.CAMPAIGN_ID, index), index + 1, index // 10, Platform.X, said, None)

    written = [text(index) for index in range(3_000)]
    mark_duplicates(samples.KEY, written, world.posts)
    pairs = len(written) * (len(written) - 1) // 2
    assert len(compared) < pairs / 25
