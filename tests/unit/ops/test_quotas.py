"""How many campaigns the default quotas of Step Functions carry, from the calls that the code makes.

The quotas are an account's, and everybody in it shares them, so the code may have half of each.
"""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from lambdas.domain.models.campaign import CampaignStatus
from lambdas.services.lifecycle import BUILDING
from tests.contract.samples import approval
from tests.fakes import MemoryExecutions
from tests.support import samples
from tests.support.recovery import run_reconciler
from tests.support.world import World

PER_SECOND = {
    "StartExecution": 150,
    "DescribeExecution": 10,
    "StopExecution": 25,
    "RedriveExecution": 1,
    "GetExecutionHistory": 20,
    "DescribeStateMachine": 20,
    "DescribeStateMachineForExecution": 1,
    "ListExecutions": 2,
    "SendTaskHeartbeat": 300,
    "SendTaskSuccess": 300,
}
"""Refill rates, in the regions that have the lower ones (2026-11, docs.aws.amazon.com/step-functions/latest/dg/
service-quotas.html, "Quotas related to API action throttling"). RedriveExecution is not in that table."""
SHARE = 0.5
DAY = timedelta(days=1)
HEARTBEAT_EVERY = timedelta(hours=6)
"""What the sweep of approvals does for each open request."""

ACTIONS = {
    "describe": ["DescribeExecution"],
    "start": ["StartExecution"],
    "stop": ["StopExecution", "DescribeExecution"],
    "redrive": ["RedriveExecution"],
    "events": ["GetExecutionHistory"],
    "definition": ["DescribeStateMachine", "DescribeStateMachineForExecution"],
}
"""What each method of ``Executions`` may call at most."""


class CountedExecutions(MemoryExecutions):
    """``calls`` of each action. A method that is not counted here is an error."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        if name in ACTIONS:
            object.__getattribute__(self, "calls").update(ACTIONS[name])
        return super().__getattribute__(name)


def a_day(status: CampaignStatus, *, heartbeats: bool = True) -> Counter[str]:
    """Calls in a day for a campaign that stays in ``status`` with its execution running."""
    world = World()
    world.executions = CountedExecutions()
    event = world.queue(status=status)
    arn = world.executions.start(event, samples.CAMPAIGN_ID)
    world.campaigns.update(samples.KEY, expected=BUILDING, execution_arn=arn, at=world.clock.now())
    waits = status is CampaignStatus.AWAITING_APPROVAL
    if waits:
        asked_at = world.clock.now() - (timedelta(0) if heartbeats else 2 * DAY)
        world.approvals.create(approval(campaignId=samples.CAMPAIGN_ID, createdAt=asked_at, executionId=arn))
    world.executions.calls.clear()
    began = beat = world.clock.now()
    while world.clock.now() - began < DAY:
        world.clock.advance(timedelta(minutes=1) - timedelta(seconds=1))  # and the run's own second
        if waits and heartbeats and world.clock.now() - beat >= HEARTBEAT_EVERY:
            beat = world.clock.now()
            (asked,) = world.approvals.all(samples.KEY)
            world.approvals.amend(asked.model_copy(update={"heartbeat_at": beat}))
            world.executions.calls["SendTaskHeartbeat"] += 1
        run_reconciler(world, everything=False)
    assert world.executions.states[arn].is_live
    return world.executions.calls


def carried(calls: Counter[str]) -> dict[str, float]:
    """How many campaigns with so many calls a day each action's quota carries."""
    return {name: SHARE * PER_SECOND[name] * DAY.total_seconds() / number for name, number in calls.items()}


def test_the_quotas_carry_a_hundred_thousand_campaigns_that_wait_for_approval() -> None:
    calls = a_day(CampaignStatus.AWAITING_APPROVAL)
    assert calls == {"SendTaskHeartbeat": 3}
    assert min(carried(calls).values()) > 4_000_000


def test_they_do_so_even_when_every_heartbeat_is_lost_and_each_look_asks_the_engine() -> None:
    calls = a_day(CampaignStatus.AWAITING_APPROVAL, heartbeats=False)
    assert 3 <= calls["DescribeExecution"] <= 4
    assert set(calls) == {"DescribeExecution"}
    assert min(carried(calls).values()) >= 100_000


@pytest.mark.parametrize("status", [CampaignStatus.PLANNING, CampaignStatus.GENERATING, CampaignStatus.NEEDS_REVISION])
def test_they_carry_more_campaigns_at_work_than_may_have_a_map_open(status: CampaignStatus) -> None:
    """1,000 map runs may be open in an account (same page, "Quotas related to accounts")."""
    calls = a_day(status)
    assert set(calls) == {"DescribeExecution"}
    assert 288 * 0.9 < calls["DescribeExecution"] <= 288
    assert min(carried(calls).values()) >= 1_400


def test_a_campaign_takes_one_call_from_its_submission_to_the_first_look() -> None:
    world = World()
    world.executions = CountedExecutions()
    world.queue(status=CampaignStatus.QUEUED)
    world.clock.advance(timedelta(minutes=1))
    assert run_reconciler(world, everything=False).findings == {"not_started": 1}
    assert world.executions.calls == {"DescribeExecution": 1, "StartExecution": 1}
