"""P2, stateful: executions die and are replaced, steps outlive them, and reviewers decide, all at the same time.

A step may be overtaken at each of its calls to the outside: by the reconciler that thinks its execution dead, by the
execution that is started in its place, or by a reviewer. Whatever the order, no decision that was accepted is lost, no
text is written over, progress does not go back, and the campaign arrives.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lambdas.domain.errors import (
    WORKFLOW_RETRIES,
    CampaignError,
    ConcurrentUpdateError,
    ConflictError,
    GoneError,
    PostsInProgressError,
)
from lambdas.domain.ids import CallbackId
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.checkpoint import BUILD_STEPS
from lambdas.domain.models.post import PostStatus
from lambdas.domain.models.workflow import Decision, ExecutionStatus
from lambdas.ops.mending import MAX_RECOVERIES
from lambdas.ports.engine import name_of
from lambdas.services.approval_links import OpenLink
from lambdas.services.decisions import Choice, decide
from lambdas.services.lifecycle import BUILDING
from lambdas.services.open_requests import is_awaited
from lambdas.services.progress import Progress, progress_of
from tests.support import samples
from tests.support.agents import Generator, Planner
from tests.support.faults import Crash, FaultPlan
from tests.support.pipeline import Delivery, Execution
from tests.support.recovery import replace_execution
from tests.support.steps import Agents, Function, functions
from tests.support.world import World

POSTS = 3


class Overtaken(FaultPlan):
    """At the call ``at`` (counted from when it is told), something else happens first. Only once."""

    def __init__(self) -> None:
        super().__init__()
        self._left: int | None = None
        self._first: Callable[[], None] = lambda: None

    def at(self, number: int, first: Callable[[], None]) -> None:
        self._left, self._first = number, first

    def never(self) -> None:
        self._left = None

    def call(self, port: str, work: Callable[[], Any]) -> Any:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self._left = None
                self._first()
        return work()


class Races(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        # Batches are no threads here: whatever overtakes one of its calls runs in this one.
        self.plan = Overtaken()
        self.event = self.world.queue(samples.brief(posts=POSTS, generation={"maxConcurrency": 1, "batchSize": 1}))
        agents = Agents(Planner(), Generator())
        self.functions: Mapping[str, Function] = functions(self.world, agents, self.plan)
        self.execution = self.started(samples.CAMPAIGN_ID)
        self.accepted: dict[CallbackId, Decision] = {}
        self.delivered: list[Delivery] = []
        self.progress: dict[int, Progress] = {}

    # What happens

    @rule(calls=st.integers(0, 12), after=st.booleans())
    @precondition(lambda self: not self.execution.over)
    def a_worker_dies(self, calls: int, after: bool) -> None:
        def die() -> None:
            raise Crash

        if self.execution.retries < WORKFLOW_RETRIES:
            self.plan.at(calls, die)
        self.step()

    @rule(calls=st.integers(0, 14), steps=st.integers(0, 14), decision=st.sampled_from([None, *Decision]))
    @precondition(lambda self: not self.execution.over)
    def a_step_is_overtaken_by_the_next_execution(self, calls: int, steps: int, decision: Decision | None) -> None:
        def overtake() -> None:
            if self.replace():
                self.all_is_well(steps)
            if decision:
                self.decide(decision)

        self.plan.at(calls, overtake)
        self.step()

    @rule(calls=st.integers(0, 14), decision=st.sampled_from(Decision))
    @precondition(lambda self: not self.execution.over)
    def a_reviewer_is_faster_than_a_step(self, calls: int, decision: Decision) -> None:
        self.plan.at(calls, lambda: self.decide(decision))
        self.step()

    @rule(steps=st.integers(1, 8))
    def all_is_well(self, steps: int) -> None:
        while steps and self.step():
            steps -= 1

    @rule(decision=st.sampled_from(Decision), newest=st.booleans())
    def a_reviewer_answers(self, decision: Decision, newest: bool) -> None:
        self.decide(decision, newest=newest)

    @rule(data=st.data())
    @precondition(lambda self: self.delivered)
    def a_step_is_delivered_again(self, data: st.DataObject) -> None:
        with suppress(CampaignError):  # nobody listens to it
            delivery = data.draw(st.sampled_from(self.delivered))
            self.functions[delivery.function](delivery.event)

    # How

    @property
    def replacements(self) -> int:
        return len(self.world.engine.states) - 1

    def started(self, name: str) -> Execution:
        arn = self.world.engine.start(self.event, name)
        self.world.campaigns.update(
            samples.KEY, expected=tuple(CampaignStatus), execution_arn=arn, at=self.world.clock.now()
        )
        return Execution(self.world, self.event, name)

    def step(self) -> bool:
        """One task; whether it came to its end, so that another may follow."""
        execution = self.execution
        delivery = None if execution.over else execution.due()
        ended = False
        try:
            if delivery:
                execution.done(self.functions[delivery.function](delivery.event))
                self.delivered.append(delivery)
                ended = True
        except (ConflictError, GoneError) as error:
            # Its predecessor's last step may have outlived it, and brought the campaign to its end.
            assert execution.dead or self.status not in BUILDING, f"{delivery} of a living execution"
            execution.failed(error)
        except (Crash, PostsInProgressError, ConcurrentUpdateError) as error:
            execution.failed(error)  # the one that was overtaken may hold the posts
        self.plan.never()
        return ended

    def replace(self) -> bool:
        """The engine ends the execution, and the reconciler starts another one, if it has not done so too often."""
        old = self.execution
        if old.over or self.replacements >= MAX_RECOVERIES - 1:
            return False
        old.die()
        arn = self.world.engine.arn_of(old.name)
        self.world.engine.end(arn, ExecutionStatus.ABORTED)
        w = self.world
        report = replace_execution(w)
        if self.status not in BUILDING:
            return False
        assert report.findings == {"interrupted": 1}
        campaign = w.campaigns.get(samples.KEY)
        self.execution = Execution(w, self.event, name_of(str(campaign.execution_arn)))
        return True

    def decide(self, decision: Decision, *, newest: bool = True) -> None:
        asked = self.world.approvals.all(samples.KEY)
        if not asked:
            return
        approval = asked[-1 if newest else 0]
        link = OpenLink(approval, approval.reviewers[0])
        with suppress(ConflictError, GoneError):  # the reviewer is told
            made = decide(link, Choice(decision, "", None), self.world).decision
            assert made
            self.accepted[approval.callback_id] = made.decision

    @property
    def status(self) -> CampaignStatus:
        return self.world.campaigns.get(samples.KEY).status

    # What must hold

    @invariant()
    def it_never_fails(self) -> None:
        assert self.status is not CampaignStatus.FAILED

    @invariant()
    def progress_is_whole_and_never_goes_back(self) -> None:
        """Within a round: a revision is a way back by design."""
        w, campaign = self.world, self.world.campaigns.get(samples.KEY)
        now = progress_of(campaign, w.checkpoints.all(samples.KEY), w.posts.count(samples.KEY), now=w.clock.now())
        assert now.completed_steps + now.remaining_steps == BUILD_STEPS
        last = self.progress.get(campaign.revision)
        if last:
            assert now.completed_steps[: len(last.completed_steps)] == last.completed_steps, (last, now)
        self.progress[campaign.revision] = now

    @invariant()
    def no_text_is_written_over(self) -> None:
        for versions in self.world.table.versions.values():
            posts = [versions[number] for number in sorted(versions)]
            for before, after in pairwise(posts):
                if before.status is PostStatus.COMPLETED and after.status is PostStatus.COMPLETED:
                    assert before.content == after.content

    @property
    def heard(self) -> dict[CallbackId, Decision]:
        """What the workflow was told, by request: more than once, where an execution died that had been told."""
        return {
            CallbackId(str(resumed.output["callbackId"])): Decision(str(resumed.output["decision"]))
            for resumed in self.world.engine.resumed
        }

    @invariant()
    def each_round_has_one_decision_and_none_that_was_accepted_is_lost(self) -> None:
        rounds = Counter(self.world.approvals.get(samples.KEY, request).round for request in self.heard)
        assert all(number == 1 for number in rounds.values()), rounds
        for request, decision in self.accepted.items():
            if request in self.heard:
                assert self.heard[request] == decision
                continue
            # Whose execution was lost is kept for the next one, which has not asked yet.
            kept = self.world.approvals.get(samples.KEY, request)
            assert kept.decision
            assert (kept.decision.decision, kept.resumed_at) == (decision, None)
            assert is_awaited(kept, self.world.campaigns)

    def teardown(self) -> None:
        """Left alone, the campaign arrives, and where it was sent."""
        for _ in range(200):
            if self.execution.waits:
                self.decide(Decision.APPROVED)
            self.step()
        assert self.execution.over
        assert self.accepted.items() <= self.heard.items()
        *earlier, last = self.heard.values()
        assert set(earlier) <= {Decision.NEEDS_REVISION}
        assert self.status is {"approved": CampaignStatus.APPROVED, "rejected": CampaignStatus.REJECTED}[last.value]
        assert self.world.campaigns.get(samples.KEY).revision == len(earlier)
        posts = self.world.posts.page(samples.KEY, 100).items
        assert [post.status for post in posts] == [PostStatus.COMPLETED] * POSTS
        for post in posts:
            versions = [version.status for version in self.world.table.versions[post.post_id].values()]
            assert versions.count(PostStatus.COMPLETED) == 1 + len(earlier)


TestRaces = Races.TestCase
TestRaces.settings = settings(max_examples=100, deadline=None, stateful_step_count=10)


def test_a_revision_that_is_overtaken_as_it_begins_is_left_to_the_next_execution() -> None:
    """It failed with an error of a model, because the next execution had gone back to the decision."""
    races = Races()
    races.all_is_well(8)
    races.a_reviewer_answers(decision=Decision.NEEDS_REVISION, newest=False)
    races.a_step_is_overtaken_by_the_next_execution(calls=3, decision=None, steps=0)
    races.teardown()
