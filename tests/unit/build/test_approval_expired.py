"""The engine stops waiting: what that means is for the request to say, and people are told."""

from datetime import timedelta
from typing import Any

import pytest

from lambdas.build.approval_expired import approval_expired
from lambdas.build.reject_campaign import reject_campaign
from lambdas.domain.models.approval import MadeDecision
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import ApprovalState, Decision, StepEvent
from tests.fakes import stored
from tests.support import samples
from tests.support.asked import Asked
from tests.support.events import raw_event, step_event
from tests.support.world import World

WEEK = timedelta(days=7)


def expire(world: World) -> ApprovalState:
    return approval_expired(step_event(world, "ApprovalExpired"), world)


@pytest.mark.parametrize(
    ("policy", "after", "decision"),
    [
        ({}, timedelta(days=3), "ask_again"),  # a heartbeat was missed, and reviewers have four days left
        ({}, WEEK, "expired"),
        ({"onTimeout": "approve"}, WEEK, "approved"),
        ({"onTimeout": "approve"}, timedelta(days=6), "ask_again"),
        ({"onTimeout": "extend"}, WEEK, "ask_again"),  # the sweep gives it the time once more
    ],
)
def test_the_requests_own_deadline_and_policy_decide(
    world: World, policy: dict[str, Any], after: timedelta, decision: str
) -> None:
    asked = Asked(world, **policy)
    world.clock.advance(after)
    state = expire(world)
    over = decision != "ask_again"
    assert state == ApprovalState(callback_id=asked.approval.callback_id if over else None, decision=decision)
    assert (asked.approval.decision is not None) == over
    (alert,) = world.alerts.sent
    assert alert.failure.code == "APPROVALS_NOT_TENDED"
    if over:  # nobody has to tell the workflow any more
        assert asked.approval.resumed_at == stored(world.clock.now())
        assert expire(world) == state
        assert len(world.alerts.sent) == 1


def test_a_decision_that_was_on_its_way_counts(world: World) -> None:
    asked = Asked(world)
    made = MadeDecision(
        decision=Decision.NEEDS_REVISION, comments="", decided_by="ada@example.com", decided_at=world.clock.now()
    )
    world.approvals.decide(samples.KEY, asked.approval.callback_id, made)
    state = ApprovalState(callback_id=asked.approval.callback_id, decision=Decision.NEEDS_REVISION)
    assert expire(world) == state
    assert world.alerts.sent == []


def test_while_a_post_is_edited_nothing_is_decided(world: World) -> None:
    asked = Asked(world, onTimeout="approve")
    world.clock.advance(WEEK)
    world.approvals.amend(asked.approval.model_copy(update={"content_hash": ""}))
    assert expire(world).decision == "ask_again"


def test_what_comes_of_it_ends_the_campaign(world: World) -> None:
    Asked(world)
    world.clock.advance(WEEK)
    event = StepEvent.from_wire(raw_event(world, "RejectCampaign", approval=expire(world).to_wire()))
    assert reject_campaign(event, world.campaigns, world.approvals, world.clock).status is CampaignStatus.EXPIRED
