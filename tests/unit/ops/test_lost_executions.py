"""Decisions that have not reached the workflow, and executions that are lost while reviewers are asked."""

from datetime import timedelta

import pytest

from lambdas.domain.approval import HEARTBEAT_EVERY, RESUME_GRACE
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import Decision
from tests.support import samples
from tests.support.asked import SECOND, Asked, decided, request
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
    assert after(asked, HOUR) == {"decision mail sent": 1}
    assert after(asked, HOUR) == {}


def test_the_reconciler_is_called_when_nobody_waits_for_the_reviewers_any_more(world: World) -> None:
    asked = Asked(world)
    world.engine.fail(world.tokens[0], "lost", "")
    assert after(asked, HEARTBEAT_EVERY) == {"closed": 1}
    assert reconciler_looks(world)


def test_a_decision_whose_sender_died_reaches_the_workflow_once(world: World) -> None:
    asked = Asked(world)
    decided(world, Decision.APPROVED)
    assert after(asked, timedelta(0)) == {}  # whoever recorded it is about to send it
    assert after(asked, RESUME_GRACE) == {"resumed": 1, "decision mail sent": 1}
    assert after(asked, HOUR) == {}
    assert [resumed.output["decision"] for resumed in world.engine.resumed] == ["approved"]
    assert asked.approval.resumed_at


def test_a_decision_that_did_arrive_is_not_sent_for_ever(world: World) -> None:
    """The process died between sending it and noting that."""
    asked = Asked(world)
    decided(world, Decision.APPROVED)
    world.engine.resume(world.tokens[0], {})
    world.campaigns.update(
        samples.KEY,
        expected=[CampaignStatus.AWAITING_APPROVAL],
        status=CampaignStatus.APPROVED,
        at=world.clock.now(),
    )
    assert after(asked, HOUR) == {"gone": 1, "decision mail sent": 1}
    assert after(asked, HOUR) == {}
    assert len(world.engine.resumed) == 1
