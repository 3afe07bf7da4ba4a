"""P5: statuses move along the road, each step leaves its checkpoint, and faults and repeats take nothing back."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.domain.due_entry import SHARDS
from lambdas.domain.errors import ConflictError
from lambdas.domain.models.approval import Approval, ApprovalStatus
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.checkpoint import BUILD_STEPS, StepOutcome
from lambdas.domain.models.post import PostStatus
from lambdas.domain.models.workflow import Decision
from lambdas.ops.sweep_approvals import tend_due
from lambdas.services.lifecycle import BUILDING
from tests.support import samples
from tests.support.agents import Act, Generator, Planner
from tests.support.definition import build_definition
from tests.support.faults import Fault, FaultPlan, Place
from tests.support.interpreter import Ended, StateError
from tests.support.pipeline import Delivery, Pipeline
from tests.support.steps import Agents, functions
from tests.support.strategies import briefs, decisions, faults, scripts
from tests.support.world import World

NEXT = {
    CampaignStatus.QUEUED: {CampaignStatus.PLANNING, CampaignStatus.FAILED},
    CampaignStatus.PLANNING: {CampaignStatus.GENERATING, CampaignStatus.FAILED},
    CampaignStatus.GENERATING: {CampaignStatus.AWAITING_APPROVAL, CampaignStatus.FAILED},
    CampaignStatus.AWAITING_APPROVAL: {
        CampaignStatus.APPROVED,
        CampaignStatus.REJECTED,
        CampaignStatus.NEEDS_REVISION,
        CampaignStatus.EXPIRED,
        CampaignStatus.FAILED,
    },
    CampaignStatus.NEEDS_REVISION: {CampaignStatus.GENERATING, CampaignStatus.FAILED},
}
"""The documented road of BUILD, and every way off it."""

CHECKPOINTED = [step for step in BUILD_STEPS if step != "GeneratePosts"]
"""Posts are checkpoints of their own."""


@settings(max_examples=100, deadline=None)
@given(
    brief=briefs(most_posts=6),
    planner=st.just([]) | st.lists(st.sampled_from([Act.WRITE, Act.TEMPORARY, Act.PERMANENT, Act.RAISE]), max_size=3),
    script=scripts(Act.PERMANENT, Act.TEMPORARY, Act.RAISE, most_posts=6, most=2),
    faults=faults(9),
    decision=decisions(),
    seed=st.integers(0, 2**16),
    zombies=st.integers(0, 2),
)
def test_progression_and_status(
    brief: dict[str, Any],
    planner: list[Act],
    script: dict[int, Act],
    faults: dict[Place, Fault],
    decision: Decision | None,
    seed: int,
    zombies: int,
) -> None:
    """**Feature: campaign-orchestration-durable, Property 5: For any workflow step completion, the system should
    checkpoint results, update appropriate status values, and proceed to the next workflow step**
    """
    world = World()
    pipeline = Pipeline(
        world,
        planner=Planner(planner),
        generator=Generator(script),
        faults=FaultPlan(faults),
        reviewer=lambda _: decision,
        chaos=Random(seed),
        zombies=zombies,
    )
    ended = pipeline.run(world.queue(brief))
    check_statuses(world, ended, decision)
    check_order(pipeline, ended)
    check_checkpoints(world, pipeline, ended)
    check_posts(world)


def check_statuses(world: World, ended: Ended, decision: Decision | None) -> None:
    road = world.table.statuses[samples.KEY]
    assert all(after in NEXT.get(before, set()) for before, after in pairwise(road)), road
    campaign = world.campaigns.get(samples.KEY)
    if ended.succeeded:
        assert campaign.status not in (*BUILDING, CampaignStatus.FAILED)
        assert (campaign.status is CampaignStatus.APPROVED) == (decision is Decision.APPROVED)
        # Sent back more often than there are revisions: rejected, with that reason.
        assert (campaign.error is not None) == (decision is Decision.NEEDS_REVISION)
    elif campaign.status is CampaignStatus.FAILED:
        assert campaign.error is not None
        assert campaign.error.step is not None
    open_requests = [a for a in world.approvals.all(samples.KEY) if a.status is ApprovalStatus.PENDING]
    assert not open_requests
    # Whoever decided was asked: the request that was decided belongs to the token that was resumed.
    made = [(a.task_token, a.decision) for a in world.approvals.all(samples.KEY) if a.decision]
    decided = [token for token, decision in made if not decision.expired]  # by silence: told by the step itself
    assert decided == [resumed.token for resumed in world.engine.resumed]


def check_order(pipeline: Pipeline, ended: Ended) -> None:
    """Each state once a round, in order, none left out, up to where it ended."""
    road = list(BUILD_STEPS)
    rounds: list[list[str]] = [[]]
    for name in pipeline.entered:
        if name == "RevisePosts":
            rounds.append(road[: road.index("GeneratePosts")])  # from where it goes on
        elif name in BUILD_STEPS:
            rounds[-1].append(name)
    assert all(entered == road[: road.index("RequestApproval") + 1] for entered in rounds[:-1])
    assert rounds[-1] == road[: len(rounds[-1])]
    if ended.state == "Approved":
        assert rounds[-1] == road
    assert ("RejectCampaign" in pipeline.entered) >= (ended.state == "Rejected")
    assert ("RecordFailure" in pipeline.entered) == (not ended.succeeded)


def check_checkpoints(world: World, pipeline: Pipeline, ended: Ended) -> None:
    checkpoints = world.checkpoints.all(samples.KEY)
    succeeded = {c.step_name for c in checkpoints if c.outcome is StepOutcome.SUCCEEDED}
    entered = [name for name in pipeline.entered if name in CHECKPOINTED]
    left = entered if ended.succeeded else entered[:-1]
    assert set(left) <= succeeded
    for checkpoint in checkpoints:
        assert checkpoint.correlation_id == samples.CORRELATION
        if checkpoint.outcome is StepOutcome.SUCCEEDED:
            assert checkpoint.result is not None
            assert checkpoint.error is None
        elif checkpoint.outcome is StepOutcome.STARTED:  # killed
            assert (checkpoint.result, checkpoint.error, checkpoint.ended_at) == (None, None, None)
        else:
            assert checkpoint.error is not None
            assert checkpoint.error.step == checkpoint.step_name


def check_posts(world: World) -> None:
    """``planned → generating → completed | failed``, one version after the other, and only a revision plans again."""
    for versions in world.table.versions.values():
        assert sorted(versions) == list(range(len(versions)))
        posts = [versions[number] for number in sorted(versions)]
        assert posts[0].status is PostStatus.PLANNED
        starts = [number for number, post in enumerate(posts) if post.status is PostStatus.PLANNED]
        assert [posts[start].revision and posts[start].revision.number for start in starts[1:]] == list(
            range(1, len(starts))
        )
        for start, end in zip(starts, [*starts[1:], len(posts)], strict=True):
            assert all(post.status is PostStatus.GENERATING for post in posts[start + 1 : end - 1])


def test_a_missed_heartbeat_asks_on_with_the_same_request() -> None:
    """Whoever looks after the question is dead for days: each task that waits in its place goes on with it."""
    by_itself = build_definition()["States"]["RequestApproval"]["Retry"][0]["MaxAttempts"]
    world, misses = World(), by_itself + 3

    def reviewer(_: Approval) -> Decision:
        if len(world.tokens) <= misses:
            world.clock.advance(timedelta(hours=24))
            raise StateError("States.HeartbeatTimeout")
        return Decision.APPROVED

    pipeline = Pipeline(world, reviewer=reviewer)
    brief = samples.brief()
    assert pipeline.run(world.queue(brief)).state == "Approved"
    (approval,) = world.approvals.all(samples.KEY)
    assert [mail.to for mail in world.mailer.sent] == brief["approval"]["reviewers"]
    assert (approval.task_token, len(world.tokens)) == (world.tokens[-1], misses + 1)
    # The state tries again by itself at first, and then its catcher begins it anew.
    assert pipeline.entered.count("RequestApproval") == 2
    assert "ApprovalExpired" not in pipeline.entered
    retries = [d.event["attempt"]["retryCount"] for d in pipeline.deliveries if d.function == "request-approval"]
    assert retries == [*range(by_itself + 1), *range(misses - by_itself)]


def test_whoever_has_more_time_is_asked_again_when_the_wait_ends() -> None:
    """The sweep comes to life again, and gives it."""
    world = World()
    answers = iter([None, Decision.APPROVED])

    def reviewer(_: Approval) -> Decision | None:
        answer = next(answers)
        if answer:
            failed: list[Exception] = []
            tend_due(range(SHARDS), world.tick(failed), world)
            assert not failed
        return answer

    pipeline = Pipeline(world, reviewer=reviewer)
    policy = samples.brief()["approval"] | {"onTimeout": "extend"}
    assert pipeline.run(world.queue(samples.brief(approval=policy))).state == "Approved"
    start = pipeline.entered.index("RequestApproval")
    assert pipeline.entered[start:] == [
        "RequestApproval",
        "ApprovalExpired",
        "CheckDecision",
        "RequestApproval",
        "CheckDecision",
        "CompleteCampaign",
        "Approved",
    ]
    assert len(world.approvals.all(samples.KEY)) == 1


ROADS: dict[str, tuple[list[Decision | None], dict[int, Act]]] = {
    "revised": ([Decision.NEEDS_REVISION, Decision.APPROVED], {1: Act.PERMANENT}),
    "rejected": ([Decision.REJECTED], {}),
    "silent": ([None], {}),
    "failed": ([], dict.fromkeys(range(4), Act.PERMANENT)),
}
DELIVERIES = 10_000


@pytest.mark.slow
def test_ten_thousand_duplicates_change_nothing() -> None:
    """Every delivery of finished executions on every road, ten thousand times over in all and in any order."""
    chaos, delivered = Random(20_260_105), Counter[str]()
    for number, (said, script) in enumerate(ROADS.values()):
        share = DELIVERIES // len(ROADS) + (number < DELIVERIES % len(ROADS))
        delivered += redelivered(said, script, chaos, share)
    assert delivered.total() == DELIVERIES
    assert set(delivered) == set(functions(World(), Agents(Planner(), Generator()), FaultPlan()))


def redelivered(said: list[Decision | None], script: dict[int, Act], chaos: Random, times: int) -> Counter[str]:
    """Build a campaign, deliver so many of its steps again, and compare; answers the deliveries by Lambda."""
    world = World()
    answers = iter(said)
    pipeline = Pipeline(world, generator=Generator(script), reviewer=lambda _: next(answers))
    brief = samples.brief(posts=4, approval={"reviewers": ["ada@example.com"]})
    ended = pipeline.run(world.queue(brief))
    assert ended.succeeded == bool(said), ended
    calls = (pipeline.agents.planner.calls, pipeline.agents.generator.calls.total())
    before = world.everything()
    steps = {c.step_name: c.outcome for c in world.checkpoints.all(samples.KEY)}
    delivered = [chaos.choice(pipeline.deliveries) for _ in range(times)]
    for delivery in delivered:
        redeliver(pipeline, delivery)
    assert world.everything() == before
    assert (pipeline.agents.planner.calls, pipeline.agents.generator.calls.total()) == calls
    assert {c.step_name: c.outcome for c in world.checkpoints.all(samples.KEY)} == steps
    return Counter(delivery.function for delivery in delivered)


def redeliver(pipeline: Pipeline, delivery: Delivery) -> None:
    try:
        pipeline.deliver(delivery)
    except ConflictError:
        # A campaign that left the road refuses its steps. Of an approved one, these have nothing to answer any more.
        left = pipeline.world.campaigns.get(samples.KEY).status is not CampaignStatus.APPROVED
        assert left or delivery.function in ("request-approval", "revise-posts")
