from datetime import timedelta
from threading import Barrier, Event

import pytest

from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.build.generate_posts import CLAIM_LEASE, LAST_RETRY
from lambdas.domain.errors import (
    THROTTLED_RETRIES,
    WORKFLOW_RETRIES,
    AgentRetryableError,
    ConflictError,
    PostsInProgressError,
    RetryableError,
    ThrottledError,
)
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.domain.models.post import Batch, Claim, PostStatus
from lambdas.domain.models.workflow import BatchResult
from tests.fakes import stored
from tests.support import samples
from tests.support.agents import Act, Generator
from tests.support.batches import TEN, generate, posts_of, statuses
from tests.support.events import planned
from tests.support.faults import Crash, Fault, FaultPlan
from tests.support.world import World


def hold(world: World, batch: Batch, *, owner: str, attempt: int = 0) -> None:
    """Claim the batch for somebody."""
    now = world.clock.now()
    claim = Claim(owner=owner, attempt=attempt, nonce=owner, claimed_at=now, expires_at=now + CLAIM_LEASE)
    assert world.posts.claim(samples.KEY, batch.batch_id, claim)


def test_the_batch_is_written_with_its_provenance(world: World) -> None:
    batch, other = planned(world)
    result = generate(world, batch, Generator())
    assert result == BatchResult(batch_id=0, completed=2, failed=0, skipped=0)
    for post in posts_of(world, batch):
        assert post.status is PostStatus.COMPLETED
        assert post.content is not None
        assert post.content.text.startswith(f"Post {post.index},")
        assert post.provenance is not None
        assert post.provenance.brand_version == 1
        assert post.completed_at == stored(world.clock.now())
    assert world.posts.claims(samples.KEY)[0].owner == "child-0/0"
    assert statuses(world, other) == [PostStatus.PLANNED] * 2


def test_the_generator_is_told_what_this_post_is(world: World) -> None:
    batch = planned(world)[0]
    generator = Generator()
    generate(world, batch, generator, retry=2)
    for post, told in zip(posts_of(world, batch), sorted(generator.inputs, key=lambda i: i["postId"]), strict=True):
        assert told["postId"] == post.post_id
        assert told["personaConfig"]["personaId"] == post.persona_id
        assert told["post"]["platform"] == post.platform.value
        assert told["attempt"] == 2


def test_the_posts_of_a_batch_are_written_side_by_side(world: World) -> None:
    batch = planned(world, TEN)[0]
    met: list[int] = []
    everybody = Barrier(10, timeout=10)  # breaks unless all ten are there at once
    assert generate(world, batch, Generator(during=lambda _: met.append(everybody.wait()))).completed == 10


def test_a_repeat_writes_nothing(world: World) -> None:
    batch = planned(world)[0]
    generate(world, batch, Generator())
    before = world.everything()
    generator = Generator()
    for retry in (0, 1):
        assert generate(world, batch, generator, retry=retry) == BatchResult(
            batch_id=0, completed=0, failed=0, skipped=2
        )
    assert not generator.calls
    assert world.everything() == before


@pytest.mark.parametrize("status", [s for s in CampaignStatus if s is not CampaignStatus.GENERATING])
def test_a_campaign_that_is_not_generating_is_left_alone(world: World, status: CampaignStatus) -> None:
    batch = planned(world)[0]
    world.campaigns.update(samples.KEY, expected=[CampaignStatus.GENERATING], status=status, at=world.clock.now())
    before = world.everything()
    generator = Generator()
    assert generate(world, batch, generator) == BatchResult(batch_id=0, completed=0, failed=0, skipped=2)
    assert not generator.calls
    assert world.everything() == before


def test_posts_that_were_never_planned_are_skipped(world: World) -> None:
    world.queue(status=CampaignStatus.GENERATING)
    batch = Batch.from_wire({"batchId": 0, "postIds": ["01KJQ0000000000000000000P1"]})
    assert generate(world, batch, Generator()).skipped == 1


def test_a_campaign_without_configuration_is_refused(world: World) -> None:
    batch = planned(world)[0]
    generating = world.campaigns.get(samples.KEY)

    class Forgetful(TableCampaigns):
        def get_configured(self, key: CampaignKey) -> Campaign:
            return generating.model_copy(update={"configuration": None})

    world.campaigns = Forgetful(world.table)
    with pytest.raises(ConflictError):
        generate(world, batch, Generator())


# Claims


def test_the_owners_next_attempt_takes_its_claim_over_at_once(world: World) -> None:
    batch = planned(world)[0]
    hold(world, batch, owner="child-0/0", attempt=0)
    assert generate(world, batch, Generator(), retry=1).completed == 2


def test_the_same_attempt_again_does_not(world: World) -> None:
    batch = planned(world)[0]
    hold(world, batch, owner="child-0/0", attempt=1)
    for retry in (0, 1):
        with pytest.raises(PostsInProgressError):
            generate(world, batch, Generator(), retry=retry)
    assert statuses(world, batch) == [PostStatus.GENERATING] * 2


def test_a_foreign_claim_that_holds_is_waited_for(world: World) -> None:
    batch = planned(world)[0]
    hold(world, batch, owner="child-9/0")
    world.clock.advance(CLAIM_LEASE - timedelta(milliseconds=1))
    generator = Generator()
    with pytest.raises(PostsInProgressError):
        generate(world, batch, generator, retry=5)
    assert not generator.calls
    assert statuses(world, batch) == [PostStatus.GENERATING] * 2


def test_a_foreign_claim_that_lapsed_is_taken_over(world: World) -> None:
    batch = planned(world)[0]
    hold(world, batch, owner="child-9/0", attempt=6)
    world.clock.advance(CLAIM_LEASE)
    assert generate(world, batch, Generator()).completed == 2
    assert world.posts.claims(samples.KEY)[0].owner == "child-0/0"


def test_a_writer_that_lost_its_claim_overwrites_nothing(world: World) -> None:
    batch = planned(world)[0]

    overtaken = Event()

    def overtake(index: int) -> None:
        if index == 0:  # this writer was thought dead, and its successor is faster
            generate(world, batch, Generator(), retry=1)
            world.clock.advance(timedelta(seconds=1))
            overtaken.set()
        assert overtaken.wait(10)

    late = generate(world, batch, Generator(during=overtake))
    assert statuses(world, batch) == [PostStatus.COMPLETED] * 2
    texts = [post.content.text for post in posts_of(world, batch) if post.content]
    assert late.skipped == 2
    assert all(len(world.table.versions[post.post_id]) == post.version + 1 for post in posts_of(world, batch))
    assert len(texts) == 2


# Errors


def test_a_temporary_error_stores_the_neighbours_and_leaves_the_post_claimed(world: World) -> None:
    batch = planned(world)[0]
    with pytest.raises(AgentRetryableError) as raised:
        generate(world, batch, Generator({0: Act.TEMPORARY}))
    assert raised.value.details == {"postIds": [batch.post_ids[0]]}
    assert "PROVIDER_UNAVAILABLE" in str(raised.value)
    assert statuses(world, batch) == [PostStatus.GENERATING, PostStatus.COMPLETED]
    neighbour = posts_of(world, batch)[1]
    assert generate(world, batch, Generator(), retry=1) == BatchResult(batch_id=0, completed=1, failed=0, skipped=1)
    assert posts_of(world, batch)[1] == neighbour


def test_a_temporary_error_of_the_last_retry_fails_the_post_with_its_code(world: World) -> None:
    batch = planned(world)[0]
    for retry in range(LAST_RETRY):
        with pytest.raises(AgentRetryableError):
            generate(world, batch, Generator({0: Act.TEMPORARY}), retry=retry)
    result = generate(world, batch, Generator({0: Act.TEMPORARY}), retry=LAST_RETRY)
    assert result == BatchResult(batch_id=0, completed=0, failed=1, skipped=1)
    error = posts_of(world, batch)[0].error
    assert error is not None
    assert (error.code, error.retryable, error.details) == ("PROVIDER_UNAVAILABLE", True, {"word": "cheap"})


def test_posts_that_were_throttled_are_left_to_the_engines_patience_with_throttling(world: World) -> None:
    """Whose waits grow to a minute (``Retries`` in ``statemachine/tasks.py``), and which ends by itself."""
    batch = planned(world)[0]
    both = Generator(dict.fromkeys(range(2), Act.THROTTLED))
    for retry in range(THROTTLED_RETRIES):
        with pytest.raises(ThrottledError) as raised:
            generate(world, batch, both, retry=retry)
        assert sorted(raised.value.details["postIds"]) == sorted(batch.post_ids)
    assert generate(world, batch, both, retry=THROTTLED_RETRIES).failed == 2
    assert {post.error.code for post in posts_of(world, batch) if post.error} == {"PROVIDER_THROTTLED"}


def test_a_post_that_waits_for_something_else_ends_the_patience_for_its_throttled_neighbour(world: World) -> None:
    batch = planned(world)[0]
    generator = Generator({0: Act.TEMPORARY, 1: Act.THROTTLED})
    for retry in range(LAST_RETRY):
        with pytest.raises(AgentRetryableError):
            generate(world, batch, generator, retry=retry)
    with pytest.raises(ThrottledError) as raised:
        generate(world, batch, generator, retry=LAST_RETRY)
    assert raised.value.details == {"postIds": [batch.post_ids[1]]}
    assert statuses(world, batch) == [PostStatus.FAILED, PostStatus.GENERATING]


def test_the_engine_retries_often_enough_for_the_last_retry_to_come() -> None:
    assert LAST_RETRY < WORKFLOW_RETRIES


def test_a_permanent_error_fails_the_post_and_not_its_neighbours(world: World) -> None:
    batch = planned(world, TEN)[0]
    result = generate(world, batch, Generator({3: Act.PERMANENT}))
    assert result == BatchResult(batch_id=0, completed=9, failed=1, skipped=0)
    post = posts_of(world, batch)[3]
    assert post.status is PostStatus.FAILED
    assert post.error is not None
    assert (post.error.code, post.error.retryable) == ("BRAND_RULE_BROKEN", False)
    assert post.content is None


@pytest.mark.parametrize("act", [Act.RAISE, Act.NONSENSE])
def test_an_agent_that_breaks_its_contract_fails_one_post_and_not_its_neighbours(world: World, act: Act) -> None:
    batch = planned(world, TEN)[0]
    generator = Generator({3: act})
    for retry in range(LAST_RETRY + 1):
        try:
            generate(world, batch, generator, retry=retry)
        except AgentRetryableError:
            assert statuses(world, batch).count(PostStatus.COMPLETED) == 9
        else:
            break
    post = posts_of(world, batch)[3]
    assert statuses(world, batch).count(PostStatus.COMPLETED) == 9
    assert post.error is not None
    assert post.error.code in ("UNEXPECTED_ERROR", "INVALID_INPUT")
    assert [calls for index, calls in generator.calls.items() if index != 3] == [1] * 9


def test_an_unforeseen_error_keeps_its_cause_for_the_log(world: World) -> None:
    batch = planned(world)[0]
    with pytest.raises(AgentRetryableError) as raised:
        generate(world, batch, Generator({0: Act.RAISE}))
    first = raised.value.__cause__
    assert first is not None
    assert isinstance(first.__cause__, RuntimeError)


@pytest.mark.parametrize("call", range(3), ids=["read", "claim", "store"])
@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name.lower())
def test_a_batch_killed_anywhere_is_completed_by_its_next_attempt(world: World, call: int, fault: Fault) -> None:
    batch = planned(world)[0]
    with pytest.raises((Crash, RetryableError)):
        generate(world, batch, Generator(), faults=FaultPlan({call: fault}))
    generator = Generator()
    generate(world, batch, generator, retry=1)
    assert statuses(world, batch) == [PostStatus.COMPLETED] * 2
    stored = call == 2 and fault in (Fault.CRASH_AFTER, Fault.ANSWER_LOST)
    assert generator.calls.total() == (0 if stored else 2)
