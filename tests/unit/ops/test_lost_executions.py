"""A request whose execution is lost: the engine says that nobody waits, and the campaign still does."""

from datetime import timedelta

import pytest

from lambdas.domain.approval_due import HEARTBEAT_EVERY
from lambdas.domain.models.approval import Decision
from tests.support import samples
from tests.support.asked import Asked
from tests.support.asking import SECOND, decided, request
from tests.support.world import World

HOUR = timedelta(hours=1)


def after(asked: Asked, time: timedelta) -> dict[str, int]:
    asked.world.clock.advance(time)
    return dict(asked.tend().done)


def reconciler_looks(world: World) -> bool:
    """Whether it is called to look at the campaign now."""
    record = world.active.get(samples.KEY)
    return record is not None and record.due_at is not None and record.due_at <= world.clock.now()


@pytest.mark.parametrize("silence", [False, True])
def test_a_decision_whose_execution_is_lost_is_kept_for_the_next_one(world: World, silence: bool) -> None:
    """The engine says that nobody waits, and the campaign still does."""
    asked = Asked(world, onTimeout="approve", timeoutHours=10, remindAfterHours=[])
    world.engine.fail(world.tokens[0], "lost", "")
    if not silence:
        decided(world, Decision.APPROVED)
    for _ in range(2):
        assert after(asked, 10 * HOUR) == {"gone": 1}
        assert (asked.approval.resumed_at, reconciler_looks(world)) == (None, True)
    request(world, SECOND)
    assert [resumed.output["decision"] for resumed in world.engine.resumed] == ["approved"]
    assert asked.approval.resumed_at
    assert after(asked, HOUR) == {}


def test_the_reconciler_is_called_when_nobody_waits_for_the_reviewers_any_more(world: World) -> None:
    asked = Asked(world)
    world.engine.fail(world.tokens[0], "lost", "")
    assert after(asked, HEARTBEAT_EVERY) == {"closed": 1}
    assert reconciler_looks(world)
