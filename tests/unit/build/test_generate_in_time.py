"""A batch and the end of its invocation: what is written is stored, what hangs is given up."""

from threading import Event
from time import monotonic
from typing import Any

import pytest

from lambdas.adapters.table.post_store import TablePosts
from lambdas.build.generate_posts import LAST_RETRY, STORING_SECONDS
from lambdas.domain.errors import AgentRetryableError, ThrottledError
from lambdas.domain.models.post import Post, PostStatus
from lambdas.domain.models.workflow import BatchResult
from lambdas.ports.bundle import Deadline
from tests.support.agents import Generator
from tests.support.batches import TEN, generate, posts_of, statuses
from tests.support.events import planned
from tests.support.faults import Crash, FaultPlan
from tests.support.world import World


class Hanging(Generator):
    """Whoever writes one of these posts waits until ``released``, and brings a text then."""

    def __init__(self, indexes: set[int]) -> None:
        super().__init__(during=self._hang)
        self._indexes = indexes
        self.released = Event()

    def _hang(self, index: int) -> None:
        if index in self._indexes:
            assert self.released.wait(10)


def seconds_left(seconds: float) -> Deadline:
    """Of which a batch keeps some for storing."""
    return Deadline(monotonic() + STORING_SECONDS + seconds, monotonic)


def test_one_hanging_post_loses_none_of_its_neighbours(world: World) -> None:
    batch = planned(world, TEN)[0]
    hanging = Hanging({4})
    try:
        for retry in range(LAST_RETRY):
            with pytest.raises(AgentRetryableError) as raised:
                generate(world, batch, hanging, retry=retry, deadline=seconds_left(0.2))
            assert raised.value.details == {"postIds": [batch.post_ids[4]]}
            assert statuses(world, batch).count(PostStatus.COMPLETED) == 9
        result = generate(world, batch, hanging, retry=LAST_RETRY, deadline=seconds_left(0.2))
    finally:
        hanging.released.set()
    assert result == BatchResult(batch_id=0, completed=0, failed=1, skipped=9)
    given_up = posts_of(world, batch)[4].error
    assert given_up is not None
    assert (given_up.code, given_up.retryable) == ("OUT_OF_TIME", True)
    assert hanging.calls == {index: 1 + (index == 4) * LAST_RETRY for index in range(10)}, "no neighbour is paid twice"


def test_what_a_hanging_call_brings_after_all_is_taken_by_nobody(world: World) -> None:
    batch = planned(world)[0]
    hanging = Hanging({0})
    with pytest.raises(AgentRetryableError):
        generate(world, batch, hanging, deadline=seconds_left(0.1))
    assert generate(world, batch, Generator(), retry=1).completed == 1
    before = world.everything()
    hanging.released.set()
    assert world.everything() == before


def test_a_batch_that_is_killed_keeps_what_was_written_before(world: World) -> None:
    """The process dies while it waits for a slow post, with no deadline that it knew of."""
    batch = planned(world, TEN)[0]

    def die(index: int) -> None:
        if index == 7:
            assert stored.wait(10)
            raise Crash

    stored = Event()

    class Noticing(TablePosts):
        def finish(self, *args: Any) -> list[Post]:
            done = super().finish(*args)
            stored.set()
            return done

    world.posts.__class__ = Noticing
    with pytest.raises(Crash):
        generate(world, batch, Generator(during=die))
    assert statuses(world, batch).count(PostStatus.COMPLETED) == 9
    generator = Generator()
    assert generate(world, batch, generator, retry=1).completed == 1
    assert generator.calls == {7: 1}


def test_posts_that_take_no_time_are_stored_together(world: World) -> None:
    batch = planned(world, TEN)[0]
    plan = FaultPlan()
    generate(world, batch, Generator(), faults=plan)
    assert plan.calls_of("") == 3, "read, claim, store"


def test_a_store_that_refuses_once_loses_no_text(world: World) -> None:
    batch = planned(world, TEN)[0]
    refused = Event()

    def late(index: int) -> None:
        if index == 9:
            assert refused.wait(10)

    class RefusesOnce(TablePosts):
        def finish(self, *args: Any) -> list[Post]:
            if not refused.is_set():
                refused.set()
                raise ThrottledError("slow down")
            return super().finish(*args)

    world.posts.__class__ = RefusesOnce
    generator = Generator(during=late)
    assert generate(world, batch, generator).completed == 10
    assert generator.calls.total() == 10
