"""An execution that is ended at any call of a run with a revision, and the one the reconciler starts in its place."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from lambdas.domain.models.approval import Approval, ApprovalStatus
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.post import PostStatus
from lambdas.domain.models.workflow import BuildInput, Decision, ExecutionStatus
from lambdas.services.lifecycle import BUILDING
from tests.support import samples
from tests.support.faults import FaultPlan
from tests.support.pipeline import Pipeline
from tests.support.recovery import replace_execution
from tests.support.world import World

POSTS = 4


class AbortedError(BaseException):
    """The engine ends the execution: no step of it is tried again."""


class AbortingAt(FaultPlan):
    """Ends the execution before (or after) call ``number``, counted from 0; ``calls`` counts all."""

    def __init__(self, number: int | None = None, *, after: bool = False) -> None:
        super().__init__()
        self.calls = 0
        self._number, self._after = number, after

    def call(self, port: str, work: Callable[[], Any]) -> Any:
        with self._lock:
            number, self.calls = self.calls, self.calls + 1
        if number != self._number:
            return work()
        if self._after:
            work()
        raise AbortedError


def sends_back_once(approval: Approval) -> Decision:
    return Decision.NEEDS_REVISION if approval.round == 1 else Decision.APPROVED


def replace(world: World, event: BuildInput) -> None:
    """What the reconciler does about a campaign whose execution was aborted."""
    arn = world.engine.start(event, samples.CAMPAIGN_ID)
    world.engine.end(arn, ExecutionStatus.ABORTED)
    world.campaigns.update(samples.KEY, expected=tuple(CampaignStatus), execution_arn=arn, at=world.clock.now())
    assert replace_execution(world).findings == {"interrupted": 1}


def aborted(number: int, *, after: bool) -> CampaignStatus:
    """Abort at that call, replace, and check the end; answers where the campaign was when it was aborted."""
    world = World()
    event = world.queue(samples.brief(posts=POSTS))
    with suppress(AbortedError):
        Pipeline(world, faults=AbortingAt(number, after=after), reviewer=sends_back_once).run(event)
    status = world.campaigns.get(samples.KEY).status
    if status in BUILDING:
        replace(world, event)
        before = world.clock.now()
        ended = Pipeline(world, reviewer=sends_back_once, name=f"{samples.CAMPAIGN_ID}-1").run(event)
        assert ended.state == "Approved", (number, after, status, ended)
        # Nobody waits for the leases of the execution that is gone.
        assert (world.clock.now() - before).total_seconds() < 60
    campaign = world.campaigns.get(samples.KEY)
    assert (campaign.status, campaign.revision) == (CampaignStatus.APPROVED, 1)
    posts = world.posts.page(samples.KEY, 100).items
    assert [post.status for post in posts] == [PostStatus.COMPLETED] * POSTS
    assert [post.revision.number for post in posts if post.revision] == [1] * POSTS
    decided = [a for a in world.approvals.all(samples.KEY) if a.status is ApprovalStatus.DECIDED]
    # Each round was decided once, and nobody is still asked.
    assert [a.round for a in decided] == [1, 2]
    assert not [a for a in world.approvals.all(samples.KEY) if a.status is ApprovalStatus.PENDING]
    return status


def test_an_execution_aborted_anywhere_is_replaced_and_loses_neither_posts_nor_decisions() -> None:
    undisturbed = AbortingAt()
    world = World()
    ended = Pipeline(world, faults=undisturbed, reviewer=sends_back_once).run(world.queue(samples.brief(posts=POSTS)))
    assert ended.state == "Approved"
    met = {aborted(number, after=after) for number in range(undisturbed.calls) for after in (False, True)}
    assert set(BUILDING) <= met
