"""What the tenant's last campaigns said reaches the writer of the next one, and no other tenant's words do."""

from typing import Any

import pytest

from lambdas.build.generate_posts.logic import generate_batch
from lambdas.build.plan_posts.logic import plan_posts
from lambdas.build.plan_posts.recent import CAMPAIGNS, LOOKED_AT, MAX_TEXTS, recent_texts
from lambdas.domain.ids import CampaignId, CampaignKey, CorrelationId, TenantId, post_id_for
from lambdas.domain.models.campaign import Campaign, CampaignBrief, CampaignStatus, PostCounts
from lambdas.domain.models.post import Batch, Post, PostContent, PostStatus
from lambdas.domain.platforms import Platform
from lambdas.ports.stores import Page
from tests.support import samples
from tests.support.agents import FIRST_POST_AT, Generator, Planner
from tests.support.events import batch_event, batch_ports, planned, step_event
from tests.support.world import World

GLOBEX = TenantId("globex")


def past(world: World, number: int, *, posts: int = 2, failed: int = 0, tenant: TenantId = samples.TENANT) -> None:
    """A campaign of the tenant, older than that of the test; numbers grow with time."""
    key = CampaignKey(tenant, CampaignId(f"01KJP00000000000000000{number:04d}"))
    now = world.clock.now()
    world.campaigns.create(
        Campaign(
            tenant_id=tenant,
            campaign_id=key.campaign_id,
            status=CampaignStatus.APPROVED,
            brief=CampaignBrief.from_wire(samples.brief(posts=max(1, posts))),
            correlation_id=CorrelationId("past"),
            created_at=now,
            updated_at=now,
            created_by="manager@acme.example",
            counts=PostCounts(total=posts, completed=posts - failed, failed=failed),
        )
    )
    records = [_post(key, index, f"{tenant} {number}/{index}", failed=index < failed) for index in range(posts)]
    world.posts.plan(key, records, [Batch(batch_id=0, post_ids=tuple(post.post_id for post in records))])


def _post(key: CampaignKey, index: int, text: str, *, failed: bool) -> Post:
    return Post(
        post_id=post_id_for(key.campaign_id, index),
        persona_id=samples.PERSONAS[0],
        platform=Platform.X,
        scheduled_at=FIRST_POST_AT,
        topic="Tea",
        intent="educate",
        index=index,
        batch_id=0,
        status=PostStatus.FAILED if failed else PostStatus.COMPLETED,
        content=None if failed else PostContent(text=text, generated_at=FIRST_POST_AT),
    )


def collected(world: World) -> list[str]:
    return recent_texts(samples.KEY, world.campaigns, world.posts)


def test_the_last_three_campaigns_newest_first(world: World) -> None:
    for number in range(1, 6):
        past(world, number)
    assert collected(world) == [f"acme {number}/{index}" for number in (5, 4, 3) for index in (0, 1)]


def test_campaigns_without_a_text_are_passed_over(world: World) -> None:
    past(world, 1)
    past(world, 2, failed=2)
    past(world, 3, posts=3, failed=1)
    world.queue()
    assert collected(world) == ["acme 3/1", "acme 3/2", "acme 1/0", "acme 1/1"]


def test_another_tenants_words_are_never_there(world: World) -> None:
    past(world, 1)
    past(world, 2, tenant=GLOBEX)
    assert collected(world) == ["acme 1/0", "acme 1/1"]


class Metered:
    """Counts what is read through it."""

    def __init__(self, port: Any) -> None:
        self._port = port
        self.asked: list[int] = []

    def page(self, key: Any, limit: int, cursor: str | None = None) -> Page[Any]:
        self.asked.append(limit)
        page: Page[Any] = self._port.page(key, limit, cursor)
        return page


@pytest.mark.parametrize(("campaigns", "texts"), [(0, 0), (1, 200), (2, 200), (30, 198)])
def test_reads_are_bounded_and_shared(world: World, campaigns: int, texts: int) -> None:
    for number in range(campaigns):
        past(world, number, posts=250)
    listed: Any = Metered(world.campaigns)
    read: Any = Metered(world.posts)
    found = recent_texts(samples.KEY, listed, read)
    assert len(found) == texts
    assert listed.asked == [LOOKED_AT]
    assert len(read.asked) <= CAMPAIGNS
    assert sum(read.asked) <= MAX_TEXTS


def test_they_are_put_aside_when_the_campaign_is_planned_and_stay_as_they_were(world: World) -> None:
    past(world, 1)
    planned(world)
    assert world.recent.texts == {samples.KEY: ("acme 1/0", "acme 1/1")}
    past(world, 2)
    again = step_event(world, "PlanPosts", retry=1)
    plan_posts(again, world.campaigns, world.posts, world.manifests, world.recent, Planner(), world.clock)
    assert world.recent.texts == {samples.KEY: ("acme 1/0", "acme 1/1")}


def test_every_writer_is_told_of_them(world: World) -> None:
    past(world, 1)
    generator = Generator()
    for batch in planned(world):
        event = batch_event(world, batch)
        generate_batch(event, batch_ports(world, generator))
    assert len(generator.inputs) == 4
    assert {tuple(data["recentTexts"]) for data in generator.inputs} == {("acme 1/0", "acme 1/1")}


def test_a_batch_with_nothing_to_write_does_not_ask_for_them(world: World) -> None:
    (batch, *_) = planned(world)
    for retry in (0, 1):
        event = batch_event(world, batch, retry=retry)
        generate_batch(event, batch_ports(world, Generator()))
    assert world.recent.reads == 1


def test_what_was_undone_is_put_back_when_the_plan_is_taken_up_again(world: World) -> None:
    past(world, 1)
    planned(world)
    before, manifests = dict(world.recent.texts), dict(world.manifests.objects)
    world.recent.remove(samples.KEY)
    world.manifests.objects.clear()
    again = step_event(world, "PlanPosts", retry=1)
    plan_posts(again, world.campaigns, world.posts, world.manifests, world.recent, Planner(), world.clock)
    assert before[samples.KEY]
    assert (world.recent.texts, world.manifests.objects) == (before, manifests)
