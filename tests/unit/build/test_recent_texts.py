"""What the tenant's last campaigns said reaches the writer of the next one, and no other tenant's words do."""

from typing import Any

import pytest

from lambdas.adapters.table import keys
from lambdas.build.complete_campaign import complete_campaign
from lambdas.build.generate_posts import generate_batch
from lambdas.build.plan_posts import plan_posts
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, DependencyUnavailableError
from lambdas.domain.ids import CampaignKey, TenantId
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.post import Post
from lambdas.domain.models.recent import MAX_TEXTS
from lambdas.domain.models.workflow import Decision
from lambdas.ports.stores import Page
from tests.contract.samples import numbered
from tests.fakes import MemoryRecentTexts
from tests.support import samples
from tests.support.agents import Generator, Planner
from tests.support.events import batch_event, planned, step_event
from tests.support.faults import replaced
from tests.support.world import World

GLOBEX = TenantId("globex")


def said_before(world: World, number: int = 1, *, tenant: TenantId = samples.TENANT) -> tuple[str, ...]:
    """The texts of a campaign of the tenant that was approved."""
    texts = tuple(f"{tenant} {number}/{index}" for index in (0, 1))
    world.recent_texts.add(numbered(tenant, number), texts)
    return texts


def written(world: World) -> list[str]:
    """Bring the campaign to its reviewers, and answer its texts."""
    for batch in planned(world):
        generate_batch(batch_event(world, batch), world, Generator())
    status, now = CampaignStatus.AWAITING_APPROVAL, world.clock.now()
    world.campaigns.update(samples.KEY, expected=[CampaignStatus.GENERATING], at=now, status=status)
    return [post.content.text for post in world.posts.page(samples.KEY, 100).items if post.content]


def approve(world: World, recent: MemoryRecentTexts | None = None) -> CampaignStatus:
    event = step_event(world, "CompleteCampaign", approval=Decision.APPROVED)
    return complete_campaign(event, replaced(world, recent_texts=recent or world.recent_texts)).status


def test_what_was_approved_is_not_said_again(world: World) -> None:
    texts = written(world)
    assert world.recent_texts.approved == {}
    approve(world)
    assert world.recent_texts.of_tenant(samples.TENANT).texts_for(numbered(samples.TENANT, 9_999).campaign_id) == texts
    assert len(texts) == 4


def test_a_campaign_that_is_completed_twice_counts_once(world: World) -> None:
    written(world)
    approve(world)
    before = dict(world.recent_texts.approved)
    assert approve(world) is CampaignStatus.APPROVED
    assert world.recent_texts.approved == before


def test_what_died_before_they_were_added_adds_them_at_the_next_attempt(world: World) -> None:
    texts = written(world)
    with pytest.raises(KeyboardInterrupt):
        approve(world, Failing(KeyboardInterrupt()))
    approve(world)
    (campaign,) = world.recent_texts.of_tenant(samples.TENANT).campaigns
    assert list(campaign.texts) == texts


def test_of_a_large_campaign_no_more_is_read_than_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written(world)
    asked: list[int] = []
    page = world.posts.page

    def watched(key: CampaignKey, limit: int) -> Page[Post]:
        asked.append(limit)
        return page(key, limit)

    monkeypatch.setattr(world.posts, "page", watched)
    approve(world)
    assert asked == [MAX_TEXTS]


def test_what_is_not_approved_may_be_said_again(world: World) -> None:
    written(world)
    world.campaigns.update(
        samples.KEY, expected=[CampaignStatus.AWAITING_APPROVAL], at=world.clock.now(), status=CampaignStatus.REJECTED
    )
    with pytest.raises(ConflictError):
        approve(world)
    assert world.recent_texts.approved == {}


class Failing(MemoryRecentTexts):
    """Nothing can be added."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self._error = error

    def add(self, key: object, texts: object) -> None:
        raise self._error


@pytest.mark.parametrize(
    "error",
    [ConcurrentUpdateError("lost"), DependencyUnavailableError("no bucket"), PermissionError("AccessDenied")],
)
def test_the_campaign_is_approved_all_the_same_and_the_log_says_so(
    error: Exception, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    written(world)
    assert approve(world, Failing(error)) is CampaignStatus.APPROVED
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.APPROVED
    (line,) = [record for record in caplog.records if "will not be compared" in record.getMessage()]
    assert (line.levelname, line.exc_info and line.exc_info[1]) == ("ERROR", error)


def test_they_are_put_aside_when_the_campaign_is_planned_and_stay_as_they_were(world: World) -> None:
    texts = said_before(world)
    planned(world)
    assert world.recent_texts.texts == {samples.KEY: texts}
    said_before(world, 2)
    again = step_event(world, "PlanPosts", retry=1)
    plan_posts(again, world, Planner())
    assert world.recent_texts.texts == {samples.KEY: texts}


def test_another_tenants_words_are_never_there(world: World) -> None:
    texts = said_before(world)
    said_before(world, 2, tenant=GLOBEX)
    planned(world)
    assert world.recent_texts.texts == {samples.KEY: texts}


def test_every_writer_is_told_of_them(world: World) -> None:
    texts = said_before(world)
    generator = Generator()
    for batch in planned(world):
        event = batch_event(world, batch)
        generate_batch(event, world, generator)
    assert len(generator.inputs) == 4
    assert {tuple(data["recentTexts"]) for data in generator.inputs} == {texts}


def test_a_batch_with_nothing_to_write_does_not_ask_for_them(world: World) -> None:
    (batch, *_) = planned(world)
    for retry in (0, 1):
        event = batch_event(world, batch, retry=retry)
        generate_batch(event, world, Generator())
    assert world.recent_texts.reads == 1


def test_what_was_undone_is_put_back_when_the_plan_is_taken_up_again(world: World) -> None:
    said_before(world)
    planned(world)
    before, manifests = dict(world.recent_texts.texts), dict(world.manifests.objects)
    world.recent_texts.remove(samples.KEY)
    world.manifests.objects.clear()
    again = step_event(world, "PlanPosts", retry=1)
    plan_posts(again, world, Planner())
    assert before[samples.KEY]
    assert (world.recent_texts.texts, world.manifests.objects) == (before, manifests)


def test_planning_reads_no_other_campaign(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Up to twenty records and two hundred posts, before the tenant's texts lay in one place."""
    said_before(world)
    read: set[str] = set()
    query = world.table.query

    def watched(partition: str, *rest: Any, **named: Any) -> Any:
        read.add(partition)
        return query(partition, *rest, **named)

    monkeypatch.setattr(world.table, "query", watched)
    planned(world)
    assert read == {keys.campaign_partition(samples.KEY)}
