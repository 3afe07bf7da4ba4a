"""An agent's temporary error is retried by the engine's policy, and each attempt can be read from the checkpoints."""

from collections.abc import Mapping
from typing import Any

import pytest

from lambdas.agents import campaign_planner
from lambdas.agents.offline.offline_model import Fault, FaultPlan, OfflineModel
from lambdas.domain.errors import THROTTLED_RETRIES, WORKFLOW_RETRIES
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.checkpoint import Checkpoint, StepOutcome
from tests.support import samples
from tests.support.agents import Planner
from tests.support.interpreter import Ended
from tests.support.pipeline import Pipeline
from tests.support.world import World

Row = tuple[int, StepOutcome, str | None, bool | None]


class RealPlanner(Planner):
    """The planner itself, with an offline model that has faults. ``attempts`` are those it was told of."""

    def __init__(self, faults: FaultPlan) -> None:
        super().__init__()
        self.model = OfflineModel(faults=faults)
        self.attempts: list[int] = []

    def __call__(self, data: Mapping[str, Any]) -> dict[str, Any]:
        self.attempts.append(data["attempt"])
        return campaign_planner.run(data, provider=self.model)


def kind_of(fault: Fault) -> str:
    return "THROTTLED" if fault is Fault.THROTTLE else "AGENT_RETRYABLE"


def run(world: World, planner: Planner) -> Ended:
    return Pipeline(world, planner=planner).run(world.queue())


def checkpoints(world: World) -> list[Checkpoint]:
    found = [c for c in world.checkpoints.all(samples.KEY) if c.step_name == "PlanPosts"]
    return sorted(found, key=lambda checkpoint: checkpoint.attempt)


def rows(world: World) -> list[Row]:
    return [
        (c.attempt, c.outcome, c.error.code if c.error else None, c.error.retryable if c.error else None)
        for c in checkpoints(world)
    ]


def failed(attempt: int, code: str = "AGENT_RETRYABLE", *, retryable: bool = True) -> Row:
    return attempt, StepOutcome.FAILED, code, retryable


@pytest.mark.parametrize("fault", [Fault.THROTTLE, Fault.TIMEOUT, Fault.UNAVAILABLE, Fault.EMPTY, Fault.MALFORMED])
def test_each_attempt_leaves_a_checkpoint_and_the_planner_knows_which_one_it_is(world: World, fault: Fault) -> None:
    # Both calls of the first attempt are spoilt, and one of the second: it has a round to mend what it got.
    planner = RealPlanner({"plan": [fault, fault]})
    assert run(world, planner).state == "Approved"
    assert planner.attempts == list(range(len(planner.attempts)))
    assert len(planner.attempts) > 1
    assert rows(world) == [
        *(failed(attempt, kind_of(fault)) for attempt in planner.attempts[:-1]),
        (planner.attempts[-1], StepOutcome.SUCCEEDED, None, None),
    ]


def test_a_planner_that_is_throttled_is_waited_for_longer(world: World) -> None:
    ended = run(world, RealPlanner({"plan": Fault.THROTTLE}))
    assert (ended.state, ended.error) == ("Failed", "ThrottledError")
    assert rows(world) == [failed(attempt, "THROTTLED") for attempt in range(THROTTLED_RETRIES + 1)]


def test_a_planner_that_stays_down_is_asked_as_often_as_the_policy_says(world: World) -> None:
    planner = RealPlanner({"plan": Fault.UNAVAILABLE})
    before = world.clock.now()
    ended = run(world, planner)
    assert (ended.state, ended.error) == ("Failed", "AgentRetryableError")
    assert rows(world) == [failed(attempt) for attempt in range(WORKFLOW_RETRIES + 1)]
    # 1 + 2 + 4 + 8 + 16 + 30: doubled each time, and cut at the maximum.
    assert (world.clock.now() - before).total_seconds() == 61
    errors = [c.error.message for c in checkpoints(world) if c.error]
    assert all("PROVIDER_UNAVAILABLE" in message for message in errors)
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.FAILED


def test_a_permanent_error_is_tried_once(world: World) -> None:
    ended = run(world, RealPlanner({"plan": Fault.BLOCKED}))
    assert (ended.state, ended.error) == ("Failed", "AgentPermanentError")
    assert rows(world) == [failed(0, "AGENT_PERMANENT", retryable=False)]
