"""Lambda ``reconcile``: campaigns whose record and execution disagree, due or reported by the engine.

Each is looked at when it is due (``ops/mending.py``). An execution that is aborted, times out or fails is reported by
the engine itself (``ended_campaign``). Looking twice is harmless, as is dying half-way: the next look finds the rest.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from lambdas.adapters.telemetry import count, due_worked, logger
from lambdas.bootstrap import load, ports_for
from lambdas.domain.due_entry import DueEntry, Kind
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.active import active
from lambdas.domain.models.base import Model
from lambdas.ops.mending import Finding, look_after
from lambdas.ports.bundle import Ports
from lambdas.ports.engine import campaign_of
from lambdas.ports.stores import CampaignStore
from lambdas.services.due import DueReport, Tick, Verdict, rebuild, shards_of, work_due
from lambdas.settings import AlertSettings, EngineSettings, TableSettings

TIME, TIME_FOR_EVERYTHING = timedelta(seconds=45), timedelta(seconds=240)
"""From then on no further campaign is begun: the next tick comes a minute after this one. The function has 300 s."""


class Report(Model):
    """What became of the campaigns that were looked at, by finding; ``errors`` of them could not be looked after."""

    looked_at: int
    findings: dict[str, int]
    errors: int


def reconcile(shards: Sequence[int], tick: Tick, ports: Ports) -> tuple[Report, DueReport]:
    """One look at every campaign that is due in these shards.

    ``tick.everything``: at every active campaign, and each is as suspect as one whose execution is known to be over.
    """
    findings: Counter[str] = Counter()

    def work(entry: DueEntry) -> Verdict:
        record = ports.active.get(entry.key)
        if record and not entry.agrees(record.due_at):
            return Verdict.STALE
        try:
            findings[look_after(record or active(entry.key), ports, suspect=tick.everything)] += 1
        except (ConcurrentUpdateError, ConflictError):
            return Verdict.AGAIN  # somebody else moves it, and the next look sees where to
        return Verdict.DONE

    due = work_due(Kind.CAMPAIGN, shards, work, tick)
    return Report(looked_at=due.due, findings=dict(findings), errors=due.failed), due


TAKEN_AT_ONCE = 500
"""Campaigns of one shard's share of the old list: some ten seconds' work, so that a tick has time for what is due."""


def take_over(shard: int, ports: Ports) -> int:
    """Campaigns on the list of before are due now, and off that list; answers how many.

    Fewer than ``TAKEN_AT_ONCE``: the shard's share of the list is empty now.
    """
    taken = ports.active.listed(shard, TAKEN_AT_ONCE)
    for key in taken:
        rebuild(Kind.CAMPAIGN, [(key, "", None)], ports.due, ports.clock)
        ports.active.forget_listed(key)
    return len(taken)


def ended_campaign(event: Any, campaigns: CampaignStore) -> CampaignKey | None:
    """The campaign whose execution has ended, where ``event`` is the engine's report of that.

    It is known by the execution's name alone, since the report need not have the execution's input
    (docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html). ``None`` too for an execution that is
    of no campaign here: one that somebody started by hand under another name.
    """
    if not isinstance(event, Mapping) or event.get("source") != "aws.states":
        return None
    campaign_id = campaign_of(str(event["detail"]["name"]))
    tenant_id = campaigns.owner_of(campaign_id) if campaign_id else None
    return CampaignKey(tenant_id, campaign_id) if campaign_id and tenant_id else None


def look_again(key: CampaignKey, ports: Ports) -> Finding:
    """Look at a campaign of which the engine says that an execution has ended."""
    record = ports.active.get(key)
    try:
        return look_after(record or active(key), ports, suspect=True)
    except (ConcurrentUpdateError, ConflictError):
        return Finding.FINE  # somebody else moves it; it is due again


class ReconcileSettings(TableSettings, EngineSettings, AlertSettings):
    """It starts executions, and tells people when that does not help."""


load(ReconcileSettings, approvals=True)


def handler(event: Any, context: object) -> dict[str, Any]:
    """Once a minute for each shard of the due index (``{"shard": n}``), by the engine's report that an execution has
    ended otherwise than well, and with ``{"everything": true}`` when the local stack starts: its engine loses them."""
    logger().clear_state()
    ports = ports_for(ReconcileSettings, context)
    ended = ended_campaign(event, ports.campaigns)
    if ended:
        finding = look_again(ended, ports)
        return _reported(Report(looked_at=1, findings={finding: 1}, errors=0), tenant_id=ended.tenant_id)
    shards, everything = shards_of(event), isinstance(event, Mapping) and event.get("everything") is True
    _take_over(shards, ports)
    until = ports.clock.now() + (TIME_FOR_EVERYTHING if everything else TIME)
    tick = Tick(ports.due, ports.clock, lambda: ports.clock.now() < until, _failed, everything)
    report, due = reconcile(shards, tick, ports)
    due_worked(Kind.CAMPAIGN, due.due, due.done, due.failed, due.oldest_seconds)
    return _reported(report, shards=list(shards))


def _take_over(shards: Sequence[int], ports: Ports) -> None:
    """Of each shard's share of the old list a portion a tick, until it is empty; then no more in the life of a process,
    which is hours (docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html): the API's last version may
    put campaigns on that list for as long as a deployment takes."""
    for shard in shards:
        if shard in _taken_over():
            continue
        number = take_over(shard, ports)
        if number < TAKEN_AT_ONCE:
            _taken_over().add(shard)
        if number:
            logger().info("campaigns taken over from the list of before", number=number, shard=shard)


@cache
def _taken_over() -> set[int]:
    return set()


def _reported(report: Report, **about: Any) -> dict[str, Any]:
    for finding, number in report.findings.items():
        if finding not in (Finding.FINE, Finding.OVER):
            count("CampaignsRecovered", number, Finding=finding)
    if report.errors:
        count("ReconcileErrors", report.errors)
    logger().info("reconciled", report=report.to_wire(), **about)
    return report.to_wire()


def _failed(entry: DueEntry, error: Exception) -> None:
    tenant_id, campaign_id = entry.key
    logger().error("campaign not reconciled", campaign_id=campaign_id, tenant_id=tenant_id, exc_info=error)
