import pytest

from lambdas.adapters.table.post_store import TablePosts
from lambdas.build.aggregate_results.logic import REASONS_SHOWN, aggregate_results
from lambdas.build.generate_posts.logic import generate_batch
from lambdas.domain.errors import ConflictError, TooManyPostsFailedError
from lambdas.domain.ids import CampaignKey, post_id_for
from lambdas.domain.models.campaign import CampaignStatus, PostCounts
from lambdas.domain.models.post import Post, PostStatus
from lambdas.domain.models.workflow import StatusResult
from lambdas.domain.platforms import Platform
from lambdas.ports.stores import Page
from tests.support import samples
from tests.support.agents import FIRST_POST_AT, Act, Generator
from tests.support.events import batch_event, batch_ports, planned, step_event
from tests.support.world import World


def aggregate(world: World) -> StatusResult:
    return aggregate_results(step_event(world, "AggregateResults"), world.campaigns, world.posts, world.clock)


def written(world: World, *, posts: int, failing: int, tolerated: float, batches: int | None = None) -> None:
    """A campaign whose first ``failing`` posts failed; only the first ``batches`` were run."""
    brief = samples.brief(posts=posts, generation={"toleratedFailurePercentage": tolerated, "batchSize": 4})
    generator = Generator(dict.fromkeys(range(failing), Act.PERMANENT))
    for batch in planned(world, brief)[:batches]:
        generate_batch(batch_event(world, batch), batch_ports(world, generator))


def test_counts_go_on_the_record_and_the_campaign_stays_where_it_is(world: World) -> None:
    written(world, posts=8, failing=2, tolerated=25)
    result = aggregate(world)
    assert result.status is CampaignStatus.GENERATING
    assert result.counts == PostCounts(total=8, completed=6, failed=2)
    assert world.campaigns.get(samples.KEY).counts == result.counts


def test_a_repeat_changes_nothing(world: World) -> None:
    written(world, posts=8, failing=2, tolerated=25)
    first = aggregate(world)
    before = world.everything()
    assert aggregate(world) == first
    assert world.everything() == before


@pytest.mark.parametrize(
    ("posts", "failing", "tolerated"), [(8, 2, 25), (10, 1, 10), (3, 1, 33.4), (4, 0, 0), (30, 3, 10.0), (4, 3, 100)]
)
def test_exactly_the_tolerated_number_may_fail(world: World, posts: int, failing: int, tolerated: float) -> None:
    written(world, posts=posts, failing=failing, tolerated=tolerated)
    counts = aggregate(world).counts
    assert counts is not None
    assert counts.failed == failing


@pytest.mark.parametrize(
    ("posts", "failing", "tolerated"), [(8, 3, 25), (10, 2, 10), (3, 1, 33.3), (4, 1, 0), (4, 4, 100)]
)
def test_one_more_is_too_many(world: World, posts: int, failing: int, tolerated: float) -> None:
    written(world, posts=posts, failing=failing, tolerated=tolerated)
    with pytest.raises(TooManyPostsFailedError) as raised:
        aggregate(world)
    details = raised.value.details
    assert (details["failed"], details["total"]) == (failing, posts)
    assert [reason["index"] for reason in details["posts"]] == list(range(failing))
    assert {reason["code"] for reason in details["posts"]} == {"BRAND_RULE_BROKEN"}
    assert f"{failing} of {posts} posts failed" in str(raised.value)
    assert "post 1: BRAND_RULE_BROKEN" in str(raised.value)
    assert world.campaigns.get(samples.KEY).counts.failed == failing


def post(index: int, status: PostStatus) -> Post:
    return Post(
        post_id=post_id_for(samples.CAMPAIGN_ID, index),
        persona_id=samples.PERSONAS[0],
        platform=Platform.X,
        scheduled_at=FIRST_POST_AT,
        topic="Tea",
        intent="educate",
        index=index,
        batch_id=index // 10,
        status=status,
    )


def test_the_tolerance_is_counted_in_decimal(world: World) -> None:
    # 4.1 * 3000 / 100 is 122.99999999999999 in binary.
    class Counted(TablePosts):
        def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Post]:
            return Page([post(n, PostStatus.FAILED if n < 123 else PostStatus.COMPLETED) for n in range(3_000)], None)

    world.queue(samples.brief(generation={"toleratedFailurePercentage": 4.1}), status=CampaignStatus.GENERATING)
    world.posts = Counted(world.table)
    assert aggregate(world).counts == PostCounts(total=3_000, completed=2_877, failed=123)


def test_an_error_of_many_names_the_first_of_them(world: World) -> None:
    written(world, posts=30, failing=30, tolerated=5)
    with pytest.raises(TooManyPostsFailedError) as raised:
        aggregate(world)
    assert len(raised.value.details["posts"]) == REASONS_SHOWN < 30


def test_posts_that_no_batch_wrote_are_failed_with_that_reason(world: World) -> None:
    written(world, posts=8, failing=1, tolerated=70, batches=1)
    counts = aggregate(world).counts
    assert counts == PostCounts(total=8, completed=3, failed=5)
    posts = world.posts.page(samples.KEY, 10).items
    assert {post.status for post in posts[4:]} == {PostStatus.FAILED}
    assert {post.error.code for post in posts[4:] if post.error} == {"BATCH_FAILED"}
    assert posts[0].error is not None
    assert posts[0].error.code == "BRAND_RULE_BROKEN"
    assert all(post.content for post in posts[1:4])


def test_a_late_writer_cannot_bring_back_a_post_that_was_given_up(world: World) -> None:
    brief = samples.brief(posts=2, generation={"maxConcurrency": 1, "batchSize": 1})
    batch = planned(world, brief)[0]

    def give_up(_: int) -> None:
        with pytest.raises(TooManyPostsFailedError):
            aggregate(world)

    event = batch_event(world, batch)
    result = generate_batch(event, batch_ports(world, Generator({}, during=give_up)))
    assert result.completed == 0
    assert world.posts.count(samples.KEY).failed == 2


@pytest.mark.parametrize("status", [CampaignStatus.AWAITING_APPROVAL, CampaignStatus.APPROVED, CampaignStatus.STOPPED])
def test_outside_generating_it_only_reports(world: World, status: CampaignStatus) -> None:
    written(world, posts=4, failing=1, tolerated=0)
    world.campaigns.update(samples.KEY, expected=[CampaignStatus.GENERATING], status=status, at=world.clock.now())
    before = world.everything()
    assert aggregate(world).status is status
    assert world.everything() == before


def test_a_campaign_stopped_while_it_counts_is_not_touched(world: World) -> None:
    written(world, posts=4, failing=0, tolerated=0)

    class StoppedMeanwhile(TablePosts):
        def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Post]:
            world.campaigns.update(
                samples.KEY,
                expected=[CampaignStatus.GENERATING],
                status=CampaignStatus.STOPPED,
                at=world.clock.now(),
            )
            return Page([post(n, PostStatus.COMPLETED) for n in range(4)], None)

    world.posts = StoppedMeanwhile(world.table)
    with pytest.raises(ConflictError):
        aggregate(world)
    assert world.campaigns.get(samples.KEY).counts == PostCounts(total=4, planned=4)
