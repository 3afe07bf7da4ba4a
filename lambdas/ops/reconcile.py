"""Lambda ``reconcile``: repairs campaigns whose record and execution do not agree.

Each campaign is checked when it is due (``ops/mending.py``), and when Step Functions reports that its execution was
aborted, timed out or failed (``ended_campaign``). Checking twice is harmless; after a crash half-way the next run does
the rest.
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
from lambdas.settings import AlertSettings, BucketSettings, EngineSettings, MailSettings, TableSettings

TIME, TIME_FOR_EVERYTHING = timedelta(seconds=45), timedelta(seconds=240)
"""After this time no further campaign is started: the next run is a minute after this one. The function's timeout is
300 s."""


class Report(Model):
    """How many campaigns had which finding; ``errors`` is how many could not be checked."""

    looked_at: int
    findings: dict[str, int]
    errors: int


def reconcile(shards: Sequence[int], tick: Tick, ports: Ports) -> tuple[Report, DueReport]:
    """Check every campaign that is due in these shards.

    With ``tick.everything``: check every active campaign, as if its execution were known to be over.
    """
    findings: Counter[str] = Counter()

    def work(entry: DueEntry) -> Verdict:
        record = ports.active.get(entry.key)
        if record and not entry.agrees(record.due_at):
            return Verdict.STALE
        try:
            findings[look_after(record or active(entry.key), ports, suspect=tick.everything)] += 1
        except (ConcurrentUpdateError, ConflictError):
            return Verdict.AGAIN  # somebody else is changing it; the next run sees the result
        return Verdict.DONE

    due = work_due(Kind.CAMPAIGN, shards, work, tick)
    return Report(looked_at=due.due, findings=dict(findings), errors=due.failed), due


TAKEN_AT_ONCE = 500
"""Campaigns of one shard to take over from the old list at a time: about ten seconds' work, so that there is time for
what is due."""


def take_over(shard: int, ports: Ports) -> int:
    """Move campaigns from the list of older versions to the due index; returns how many.

    Fewer than ``TAKEN_AT_ONCE`` means that the shard's part of the list is empty now.
    """
    taken = ports.active.listed(shard, TAKEN_AT_ONCE)
    for key in taken:
        rebuild(Kind.CAMPAIGN, [(key, "", None)], ports.due, ports.clock)
        ports.active.forget_listed(key)
    return len(taken)


def ended_campaign(event: Any, campaigns: CampaignStore) -> CampaignKey | None:
    """The campaign whose execution has ended, if ``event`` is Step Functions' report of that.

    It is found by the execution's name alone, because the report need not contain the execution's input
    (docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html). ``None`` also for an execution that
    belongs to no campaign: one that somebody started by hand under another name.
    """
    if not isinstance(event, Mapping) or event.get("source") != "aws.states":
        return None
    campaign_id = campaign_of(str(event["detail"]["name"]))
    tenant_id = campaigns.owner_of(campaign_id) if campaign_id else None
    return CampaignKey(tenant_id, campaign_id) if campaign_id and tenant_id else None


def look_again(key: CampaignKey, ports: Ports) -> Finding:
    """Check a campaign after Step Functions reported the end of one of its executions."""
    record = ports.active.get(key)
    try:
        return look_after(record or active(key), ports, suspect=True)
    except (ConcurrentUpdateError, ConflictError):
        return Finding.FINE  # somebody else is changing it; it will be due again


class ReconcileSettings(TableSettings, EngineSettings, AlertSettings, MailSettings, BucketSettings):
    """It starts executions, tells people when that does not help, and removes what ended campaigns left."""


load(ReconcileSettings, approvals=True)


def handler(event: Any, context: object) -> dict[str, Any]:
    """Invoked every minute for each shard of the due index (``{"shard": n}``), by Step Functions' report that an
    execution has not succeeded, and with ``{"everything": true}`` when the local stack starts, because the emulator
    loses executions."""
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
    """In each run, move a part of each shard's old list, until it is empty; then no more in this process, which lives
    for hours (docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html): during a deployment the API's
    previous version may still add campaigns to that list."""
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
        if finding not in (Finding.FINE, Finding.OVER, Finding.ENDED_BY_HAND):
            count("CampaignsRecovered", number, Finding=finding)
    if report.errors:
        count("ReconcileErrors", report.errors)
    logger().info("reconciled", report=report.to_wire(), **about)
    return report.to_wire()


def _failed(entry: DueEntry, error: Exception) -> None:
    tenant_id, campaign_id = entry.key
    logger().error("campaign not reconciled", campaign_id=campaign_id, tenant_id=tenant_id, exc_info=error)
