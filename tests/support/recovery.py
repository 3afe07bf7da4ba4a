"""The reconciler over the fakes."""

from datetime import timedelta

from lambdas.domain.due_entry import SHARDS, Kind
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import ExecutionStatus
from lambdas.ops.reconcile import Report, reconcile
from tests.support import samples
from tests.support.world import World, entries_of


def run_reconciler(world: World, errors: list[Exception] | None = None, *, everything: bool = True) -> Report:
    """One run over all shards, of ``everything`` or of what is due; an error is raised where ``errors`` takes none."""
    world.clock.advance(timedelta(seconds=1))  # as it does: an entry that is put in the same instant is the same entry
    failed: list[Exception] = []
    report, _ = reconcile(range(SHARDS), world.tick(failed, everything=everything), world)
    if errors is None and failed:
        raise failed[0]
    (errors if errors is not None else []).extend(failed)
    return report


def replace_execution(world: World) -> Report:
    """Run it until it has replaced the campaign's dead execution, which may take until nobody writes for that."""
    report = run_reconciler(world)
    if report.findings == {"writing": 1}:
        looked_at = {entry.key for entry in entries_of(world.due, Kind.CAMPAIGN)}
        claims = [claim.expires_at for key in looked_at for claim in world.posts.claims(key).values()]
        world.clock.advance(max(claims) - world.clock.now())
        report = run_reconciler(world)
    assert report.errors == 0
    return report


def lost(
    world: World,
    status: CampaignStatus = CampaignStatus.GENERATING,
    ended: ExecutionStatus | None = ExecutionStatus.ABORTED,
    error: str | None = None,
    *,
    redrivable: bool = False,
) -> str:
    """A campaign in ``status`` whose execution is over; ``None``: unknown to the engine. Answers its ARN."""
    event = world.queue(status=status)
    arn = world.engine.start(event, samples.CAMPAIGN_ID)
    world.campaigns.update(samples.KEY, expected=[status], at=world.clock.now(), execution_arn=arn)
    if ended:
        world.engine.end(arn, ended, error, redrivable=redrivable)
    else:
        del world.engine.states[arn]
    return arn
