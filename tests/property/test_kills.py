"""P2: a process may die at any call to the outside, before or after its effect, and nothing is lost or done twice."""

from collections import Counter
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.adapters.aws.clients import SDK_ATTEMPTS
from lambdas.domain.errors import ThrottledError
from lambdas.domain.models.approval import Approval, ApprovalStatus
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.checkpoint import BUILD_STEPS, StepOutcome
from lambdas.domain.models.post import PostStatus
from lambdas.domain.models.workflow import Decision
from tests.support import samples
from tests.support.agents import Act, Generator
from tests.support.faults import Fault, FaultPlan
from tests.support.pipeline import Pipeline
from tests.support.steps import steps
from tests.support.world import World

POSTS = 8
TO_APPROVAL = [
    CampaignStatus.QUEUED,
    CampaignStatus.PLANNING,
    CampaignStatus.GENERATING,
    CampaignStatus.AWAITING_APPROVAL,
]


class Road(NamedTuple):
    """A way through the workflow, and the states of which this one is to meet every call."""

    end: str
    statuses: list[CampaignStatus]
    decisions: tuple[Decision, ...] = ()
    states: frozenset[str] = frozenset()
    spoilt: Mapping[int, Act] = {}
    silent: bool = False
    """No reviewer answers, and nobody tends the request."""


APPROVED = Road("Approved", [*TO_APPROVAL, CampaignStatus.APPROVED], (Decision.APPROVED,))
ROADS = {
    "revised": Road(
        "Approved",
        [*TO_APPROVAL, CampaignStatus.NEEDS_REVISION, *TO_APPROVAL[2:], CampaignStatus.APPROVED],
        (Decision.NEEDS_REVISION, Decision.APPROVED),
        frozenset({*BUILD_STEPS, "RevisePosts"}),
    ),
    "rejected": Road(
        "Rejected",
        [*TO_APPROVAL, CampaignStatus.REJECTED],
        (Decision.REJECTED,),
        frozenset({"RejectCampaign"}),
    ),
    "expired": Road(
        "Rejected",
        [*TO_APPROVAL, CampaignStatus.EXPIRED],
        (Decision.REJECTED,),
        frozenset({"ApprovalExpired"}),
        silent=True,
    ),
    "failed": Road(
        "Failed",
        [*TO_APPROVAL[:3], CampaignStatus.FAILED],
        states=frozenset({"Compensate", "RecordFailure"}),
        spoilt=dict.fromkeys(range(POSTS), Act.PERMANENT),
    ),
}


class Counting(FaultPlan):
    """Counts the calls, and injects nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def call(self, name: str, work: Any) -> Any:
        with self._lock:
            self.calls += 1
        return work()


class Noting(Counting):
    """Notes the state that each call was made in."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[str] = []
        self.entered: list[str] = []

    def call(self, name: str, work: Any) -> Any:
        with self._lock:
            self.states.append(self.entered[-1])
        return super().call(name, work)


class Throttling(FaultPlan):
    """Every request is refused with probability ``rate``; the SDK repeats it, as its client is configured to."""

    def __init__(self, rate: float, seed: int) -> None:
        super().__init__()
        self.requests = 0
        self._rate, self._random = rate, Random(seed)

    def call(self, name: str, work: Any) -> Any:
        for _ in range(SDK_ATTEMPTS):
            with self._lock:
                self.requests += 1
                refused = self._random.random() < self._rate
            if not refused:
                return work()
        raise ThrottledError("slow down")


def pipeline_of(plan: FaultPlan, road: Road = APPROVED) -> Pipeline:
    def reviewer(approval: Approval) -> Decision | None:
        return None if road.silent else road.decisions[approval.round - 1]

    return Pipeline(World(), generator=Generator(road.spoilt), faults=plan, reviewer=reviewer)


def build(plan: FaultPlan, posts: int = POSTS, road: Road = APPROVED) -> tuple[World, Pipeline]:
    pipeline = pipeline_of(plan, road)
    ended = pipeline.run(pipeline.world.queue(samples.brief(posts=posts)))
    assert ended.state == road.end, ended
    return pipeline.world, pipeline


def check(world: World, pipeline: Pipeline, posts: int = POSTS, road: Road = APPROVED) -> None:
    assert world.table.statuses[samples.KEY] == road.statuses
    end = PostStatus.FAILED if road.spoilt else PostStatus.COMPLETED
    written = world.posts.page(samples.KEY, 100).items
    assert Counter(post.status for post in written) == {end: posts}
    for versions in world.table.versions.values():
        # Once completed it stays as it is, until it is sent back.
        assert [post.status for post in versions.values()].count(end) == max(1, len(road.decisions))
    approvals = [approval for approval in world.approvals.all(samples.KEY) if approval.decision]
    assert [approval.decision.decision for approval in approvals if approval.decision] == list(road.decisions)
    assert ApprovalStatus.PENDING not in {approval.status for approval in world.approvals.all(samples.KEY)}
    assert len(world.engine.resumed) == (0 if road.silent else len(road.decisions))
    assert pipeline.entered.count("Compensate") == (road.end == "Failed")


def states_of_calls(road: Road) -> list[str]:
    """For each call of an undisturbed run, the state it is made in."""
    plan = Noting()
    pipeline = pipeline_of(plan, road)
    plan.entered = pipeline.entered
    pipeline.run(pipeline.world.queue(samples.brief(posts=POSTS)))
    return plan.states


@cache
def places() -> list[tuple[str, int, str]]:
    """Every call that is to be met: its road, its number there, and the state it is made in."""
    calls = [(name, n, state) for name, road in ROADS.items() for n, state in enumerate(states_of_calls(road))]
    return [place for place in calls if place[2] in ROADS[place[0]].states]


def test_the_matrix_meets_every_call_of_every_task() -> None:
    met = {state for _, _, state in places()}
    assert met == {state for road in ROADS.values() for state in road.states}
    assert met == {each.name for each in steps().values()}
    assert len(places()) * len(KILLS) >= 200
    assert 0 <= CALLS - len(states_of_calls(APPROVED)) <= 30


CALLS = 80
"""Somewhat more than an undisturbed run to approval makes."""
KILLS = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.ANSWER_LOST)


@pytest.mark.parametrize("fault", KILLS)
def test_a_kill_at_every_call_of_every_state(fault: Fault) -> None:
    for name, number, _ in places():
        plan = FaultPlan({number: fault})
        check(*build(plan, road=ROADS[name]), road=ROADS[name])
        assert plan.struck == [fault]


@settings(max_examples=100, deadline=None)
@given(
    kills=st.lists(
        st.tuples(st.integers(0, CALLS), st.sampled_from([Fault.CRASH_BEFORE, Fault.CRASH_AFTER])), max_size=3
    )
)
def test_checkpoint_and_recovery(kills: list[tuple[int, Fault]]) -> None:
    """**Feature: campaign-orchestration-durable, Property 2: For any durable function execution, the system should
    create detailed checkpoints for each workflow step and resume from the last successful checkpoint during
    interruptions without losing progress**
    """
    world, pipeline = build(FaultPlan(dict(kills)))
    check(world, pipeline)
    checkpoints = world.checkpoints.all(samples.KEY)
    succeeded = [c.step_name for c in checkpoints if c.outcome is StepOutcome.SUCCEEDED]
    assert len(set(succeeded)) == 6
    for before, after in pairwise(c for c in checkpoints if c.outcome is StepOutcome.SUCCEEDED):
        assert before.started_at <= after.started_at
    for checkpoint in checkpoints:
        assert checkpoint.input_hash
        assert checkpoint.input is not None


@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_retry_and_error_handling_under_throttling(seed: int) -> None:
    """**Feature: campaign-orchestration-durable, Property 6: For any workflow step failure, the system should retry
    according to configured policies, return structured error information, and update status appropriately**

    For any failure, the system should retry according to its kind and complete or fail with a reason: with 20 % of
    all requests to DynamoDB, S3, SES and the models refused, every campaign completes with at most half as many
    requests again.
    """
    plan = Throttling(0.2, seed)
    world, pipeline = build(plan, posts=40)
    check(world, pipeline, posts=40)


def test_throttling_costs_at_most_half_as_many_requests_again() -> None:
    undisturbed = Counting()
    build(undisturbed, posts=40)
    requests = 0
    for seed in range(30):
        plan = Throttling(0.2, seed)
        build(plan, posts=40)
        requests += plan.requests
    assert requests / (30 * undisturbed.calls) <= 1.5
