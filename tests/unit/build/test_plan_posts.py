from collections.abc import Callable
from typing import Any

import pytest

from lambdas.build.plan_posts.logic import batch_size, map_concurrency, plan_posts
from lambdas.domain.errors import AgentPermanentError, AgentRetryableError, ConflictError, InvalidPlanError
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.campaign import CampaignStatus, Generation, PostCounts
from lambdas.domain.models.post import PostStatus
from lambdas.domain.models.workflow import PlanResult
from tests.support import samples
from tests.support.agents import Act, Planner
from tests.support.events import step_event
from tests.support.faults import Crash, Fault, FaultPlan, faulty
from tests.support.world import World


def plan(world: World, planner: Planner, *, retry: int = 0, faults: FaultPlan | None = None) -> PlanResult:
    manifests = faulty(world.manifests, faults or FaultPlan())
    event = step_event(world, "PlanPosts", retry=retry)
    return plan_posts(event, world.campaigns, world.posts, manifests, world.recent, planner, world.clock)


def test_posts_batches_and_counts_are_stored_and_the_campaign_moves_on(world: World) -> None:
    world.queue(samples.brief(posts=5), status=CampaignStatus.PLANNING)
    result = plan(world, Planner())
    assert (result.total_posts, result.batches) == (5, 3)
    assert (result.map_concurrency, result.tolerated_failure_percentage) == (2, 25.0)
    posts = world.posts.page(samples.KEY, 10).items
    assert [post.post_id for post in posts] == [post_id_for(samples.CAMPAIGN_ID, n) for n in range(5)]
    assert [(post.index, post.batch_id) for post in posts] == [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)]
    assert {post.status for post in posts} == {PostStatus.PLANNED}
    manifest = world.manifests.objects[result.manifest.key]
    assert [post_id for batch in manifest for post_id in batch["postIds"]] == [post.post_id for post in posts]
    campaign = world.campaigns.get(samples.KEY)
    assert campaign.status is CampaignStatus.GENERATING
    assert campaign.counts == PostCounts(total=5, planned=5)


def test_a_repeat_goes_by_the_stored_plan_and_asks_nobody(world: World) -> None:
    world.queue(status=CampaignStatus.PLANNING)
    planner = Planner()
    first = plan(world, planner)
    before = world.everything()
    assert plan(world, planner, retry=1) == first
    assert planner.calls == 1
    assert world.everything() == before


def test_a_crash_before_the_manifest_leaves_a_plan_that_the_retry_keeps(world: World) -> None:
    world.queue(status=CampaignStatus.PLANNING)
    planner = Planner()  # says something else about each topic when it is asked again
    with pytest.raises(Crash):
        plan(world, planner, faults=FaultPlan({0: Fault.CRASH_BEFORE}))
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.PLANNING
    plan(world, planner, retry=1)
    assert planner.calls == 1, "all posts are there, so the model is not paid again"
    assert {post.topic for post in world.posts.page(samples.KEY, 10).items} == {
        f"Topic {n} of plan 1" for n in range(4)
    }


@pytest.mark.parametrize("status", [CampaignStatus.QUEUED, CampaignStatus.STOPPED, CampaignStatus.FAILED])
def test_a_campaign_that_is_not_to_be_planned_costs_no_model_call(world: World, status: CampaignStatus) -> None:
    world.queue(status=status)
    before = world.everything()
    planner = Planner()
    with pytest.raises(ConflictError) as refused:
        plan(world, planner)
    assert refused.value.details == {"status": status.value}
    assert planner.calls == 0
    assert world.everything() == before


@pytest.mark.parametrize(("act", "error"), [(Act.TEMPORARY, AgentRetryableError), (Act.PERMANENT, AgentPermanentError)])
def test_the_planners_error_goes_on_by_its_kind(world: World, act: Act, error: type[Exception]) -> None:
    world.queue(status=CampaignStatus.PLANNING)
    with pytest.raises(error):
        plan(world, Planner([act]))
    assert world.posts.count(samples.KEY).total == 0
    assert plan(world, Planner(), retry=1).total_posts == 4


def swapped(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [posts[1], posts[0], *posts[2:]]


def doubled(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [posts[0], posts[0], *posts[2:]]


def strange_voice(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*posts[:3], posts[3] | {"personaId": "carl"}]


def strange_place(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [*posts[:3], posts[3] | {"platform": "usenet"}]


def no_posts(_: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return []


def no_list(_: list[dict[str, Any]]) -> int:
    return 7


@pytest.mark.parametrize("spoil", [swapped, doubled, strange_voice, strange_place, no_posts, no_list])
def test_a_plan_that_breaks_the_rules_is_refused_whole(
    world: World, spoil: Callable[[list[dict[str, Any]]], Any]
) -> None:
    world.queue(status=CampaignStatus.PLANNING)
    with pytest.raises(InvalidPlanError):
        plan(world, Planner(spoil=spoil))
    assert world.posts.count(samples.KEY).total == 0
    assert not world.manifests.objects


@pytest.mark.parametrize(
    ("concurrency", "size", "in_batch", "children"),
    [(20, 10, 10, 2), (25, 10, 10, 2), (3, 10, 3, 1), (1, 1, 1, 1), (1, 10, 1, 1), (9, 4, 4, 2)],
)
def test_children_times_posts_in_a_batch_stay_within_the_limit(
    concurrency: int, size: int, in_batch: int, children: int
) -> None:
    generation = Generation(max_concurrency=concurrency, batch_size=size)
    assert (batch_size(generation), map_concurrency(generation)) == (in_batch, children)
    assert in_batch * children <= concurrency
