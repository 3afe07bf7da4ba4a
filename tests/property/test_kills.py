"""P2: a process may die at any call to the outside, before or after its effect, and nothing is lost or done twice."""

from collections import Counter
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.adapters.aws import SDK_ATTEMPTS
from lambdas.core.errors import ThrottledError
from lambdas.core.models.approval import ApprovalStatus
from lambdas.core.models.campaign import CampaignStatus
from lambdas.core.models.checkpoint import StepOutcome
from lambdas.core.models.post import PostStatus
from tests.support import samples
from tests.support.agents import Generator, Planner
from tests.support.faults import Fault, FaultPlan
from tests.support.pipeline import Pipeline
from tests.support.world import World

POSTS = 8
ROAD = [
    CampaignStatus.QUEUED,
    CampaignStatus.PLANNING,
    CampaignStatus.GENERATING,
    CampaignStatus.AWAITING_APPROVAL,
    CampaignStatus.APPROVED,
]


class Counting(FaultPlan):
    """Counts the calls, and injects nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def call(self, name: str, work: Any) -> Any:
        with self._lock:
            self.calls += 1
        return work()


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


def build(plan: FaultPlan, posts: int = POSTS) -> tuple[World, Pipeline]:
    world = World()
    pipeline = Pipeline(world, planner=Planner(), generator=Generator(), faults=plan)
    ended = pipeline.run(world.queue(samples.brief(posts=posts)))
    assert ended.state == "Approved", ended
    return world, pipeline


def check(world: World, pipeline: Pipeline, posts: int = POSTS) -> None:
    assert world.campaigns.statuses[samples.KEY] == ROAD
    written = world.posts.page(samples.KEY, 100).items
    assert Counter(post.status for post in written) == {PostStatus.COMPLETED: posts}
    for versions in world.posts.versions.values():
        # Once completed it stays as it is.
        assert [post.status for post in versions.values()].count(PostStatus.COMPLETED) == 1
    approvals = Counter(approval.status for approval in world.approvals.all(samples.KEY))
    assert approvals[ApprovalStatus.DECIDED] == 1
    assert approvals[ApprovalStatus.PENDING] == 0
    assert len(world.engine.resumed) == 1
    assert pipeline.entered.count("Compensate") == 0


def calls_of_a_run() -> int:
    plan = Counting()
    build(plan)
    return plan.calls


CALLS = calls_of_a_run()


def test_the_matrix_is_large_enough() -> None:
    assert CALLS * 2 >= 100
    assert CALLS * 2 + 100 >= 200  # with the pairs of kills below


@pytest.mark.parametrize("fault", [Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.ANSWER_LOST])
def test_a_kill_at_every_call_of_every_state(fault: Fault) -> None:
    for number in range(CALLS):
        plan = FaultPlan({number: fault})
        check(*build(plan))
        assert plan.struck == [fault]


@settings(max_examples=100, deadline=None)
@given(
    kills=st.lists(
        st.tuples(st.integers(0, CALLS + 20), st.sampled_from([Fault.CRASH_BEFORE, Fault.CRASH_AFTER])), max_size=3
    )
)
def test_checkpoint_and_recovery(kills: list[tuple[int, Fault]]) -> None:
    """**Feature: campaign-orchestration-durable, Property 2: Checkpoint and recovery consistency**

    For any durable function execution, the system should create detailed checkpoints for each workflow step and
    resume from the last successful checkpoint during interruptions without losing progress.
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
    """**Feature: campaign-orchestration-durable, Property 6: Retry and error handling consistency**

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
