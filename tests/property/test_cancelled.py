"""A campaign that is cancelled at any call of a run with a revision; its execution is not stopped in time."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from lambdas.domain.due_entry import SHARDS
from lambdas.domain.errors import ConflictError, GoneError
from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import BuildInput
from lambdas.ops.sweep_approvals import tend_due
from lambdas.services.ending import cancel, delete
from tests.property.test_replaced import POSTS, sends_back_once
from tests.support import samples
from tests.support.faults import FaultPlan
from tests.support.pipeline import Pipeline
from tests.support.recovery import run_reconciler
from tests.support.world import World


class CancellingAt(FaultPlan):
    """Cancels before (or after) call ``number``, counted from 0; ``calls`` counts all."""

    def __init__(self, world: World, number: int | None, *, after: bool) -> None:
        super().__init__()
        self.calls = 0
        self._world, self._number, self._after = world, number, after

    def call(self, port: str, work: Callable[[], Any]) -> Any:
        with self._lock:
            number, self.calls = self.calls, self.calls + 1
        if number != self._number:
            return work()
        if not self._after:
            cancel(samples.KEY, "robin", self._world)
        try:
            return work()
        finally:
            if self._after:
                cancel(samples.KEY, "robin", self._world)


def run(number: int | None, *, after: bool) -> tuple[World, BuildInput, int]:
    world = World()
    event = world.queue(samples.brief(posts=POSTS))
    world.campaigns.update(
        samples.KEY,
        expected=tuple(CampaignStatus),
        at=world.clock.now(),
        execution_arn=world.engine.start(event, samples.CAMPAIGN_ID),
    )
    faults = CancellingAt(world, number, after=after)
    try:
        Pipeline(world, faults=faults, reviewer=sends_back_once).run(event)
    except (ConflictError, GoneError, StopIteration):
        assert number is not None  # the pipeline's reviewer finds the request closed, or none to answer
    return world, event, faults.calls


def ticks(world: World) -> None:
    """After a minute, and when nobody can be writing any more."""
    errors: list[Exception] = []
    for minutes in (1, 1, 15, 1):
        world.clock.advance(timedelta(minutes=minutes))
        run_reconciler(world, errors, everything=False)
        tend_due(range(SHARDS), world.tick(errors, everything=False), world)
    assert errors == []


def check(number: int, *, after: bool) -> None:
    world, _, _ = run(number, after=after)
    campaign = world.campaigns.get(samples.KEY)
    assert (campaign.status, campaign.stopped_by) == (CampaignStatus.STOPPED, "robin"), (number, after)
    ticks(world)
    assert world.campaigns.get(samples.KEY).status is CampaignStatus.STOPPED
    assert not [a for a in world.approvals.all(samples.KEY) if a.status is ApprovalStatus.PENDING]
    assert (world.manifests.objects, world.recent_texts.texts, len(world.engine.started)) == ({}, {}, 1)
    assert world.alerts.sent == []
    delete(samples.KEY, world)
    ticks(world)
    left = [place for place in world.table._items if samples.CAMPAIGN_ID in "#".join(place)]
    assert [place.sk for place in left] == ["OWNER"], (number, after)
    assert samples.CAMPAIGN_ID not in {each.campaign_id for each in world.recent_texts.of_tenant("acme").campaigns}


def test_whenever_it_is_cancelled_it_stays_cancelled_and_can_be_deleted() -> None:
    _, _, calls = run(None, after=False)
    assert calls > 50
    for number in range(calls):
        for after in (False, True):
            check(number, after=after)
