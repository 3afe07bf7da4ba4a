"""Lambda ``reconcile``: find campaigns whose record and execution disagree, and mend each.

A campaign is looked at when it is due. The engine is asked about it only where something may be wrong: not while
reviewers are asked and a heartbeat has told lately that the execution waits for them, for that is what nearly all
campaigns do nearly all of the time, and DescribeExecution may be called 10 to 15 times a second by a whole account
(docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). An execution that is aborted, times out or fails is
reported by the engine itself (``ended_campaign``).

Mending twice is harmless, as is dying in the middle: the next look finds the rest.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from lambdas.adapters.telemetry import count, due_worked, logger
from lambdas.bootstrap import load, ports_for
from lambdas.domain.due import DueEntry, Kind
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError, known_errors
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.active import SOON, ActiveCampaign, active
from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import Campaign, CampaignStatus, Cause, Failure
from lambdas.domain.models.post import Post, PostError, PostStatus
from lambdas.domain.models.workflow import BuildInput
from lambdas.ops.diagnosis import Finding, diagnose
from lambdas.ports.bundle import Ports
from lambdas.ports.engine import SERVICE_RESTART, ExecutionState, is_of
from lambdas.services.alerts import advised, alert_of
from lambdas.services.due import DueReport, Tick, Verdict, rebuild, shards_of, work_due
from lambdas.services.lifecycle import BUILDING
from lambdas.services.recovery import (
    before_revision,
    begin,
    current_execution,
    key_of,
    release_all,
    replace_execution,
    wait_for_writers,
    write_by_batch,
)
from lambdas.settings import AlertSettings, EngineSettings, TableSettings

MAX_RECOVERIES, WINDOW = 5, timedelta(hours=1)
"""So many new executions of a campaign within so much time; one that needs more than that needs a person."""
WORKING = timedelta(minutes=5)
"""Between two looks at a campaign whose execution is at work. The engine reports its end; this is for lost reports."""
WAITING = timedelta(hours=6)
"""Between two looks at one that waits for reviewers."""
HEARD_WITHIN = timedelta(hours=13)
"""Since the last heartbeat. One is sent every six hours, so a late or a lost one is no reason to ask the engine."""
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


def take_over(shards: Sequence[int], ports: Ports) -> int:
    """Campaigns on the list of before are due now, and off that list; answers how many."""
    taken = [key for shard in shards for key in ports.active.listed(shard)]
    for key in taken:
        rebuild(Kind.CAMPAIGN, [(key, "", None)], ports.due, ports.clock)
        ports.active.forget_listed(key)
    return len(taken)


def ended_campaign(event: Any) -> CampaignKey | None:
    """The campaign whose execution has ended, where ``event`` is the engine's report of that.

    Its input has the campaign (docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html): it is far
    below the 248 KB up to which it is included.
    """
    if not isinstance(event, Mapping) or event.get("source") != "aws.states":
        return None
    given = BuildInput.from_internal(json.loads(event["detail"]["input"]), at="detail.input")
    return CampaignKey(given.tenant_id, given.campaign_id)


def look_again(key: CampaignKey, ports: Ports) -> Finding:
    """Look at a campaign of which the engine says that an execution has ended."""
    record = ports.active.get(key)
    try:
        return look_after(record or active(key), ports, suspect=True)
    except (ConcurrentUpdateError, ConflictError):
        return Finding.FINE  # somebody else moves it; it is due again


def look_after(entry: ActiveCampaign, ports: Ports, *, suspect: bool) -> Finding:
    """Look at one campaign, mend what is wrong, and say when to look again, if ever."""
    finding, entry, again = _look(entry, ports, suspect=suspect)
    if again is None:
        ports.active.remove(entry.key)
    else:
        ports.active.look_at(entry, again, ports.clock.now())
    return finding


def _look(entry: ActiveCampaign, ports: Ports, *, suspect: bool) -> tuple[Finding, ActiveCampaign, datetime | None]:
    """What was found, the record of recoveries, and when to look again."""
    now = ports.clock.now()
    try:
        campaign = ports.campaigns.get(entry.key)
    except NotFoundError:
        return Finding.OVER, entry, None
    if not suspect and _is_waited_for(campaign, ports, now):
        return Finding.FINE, entry, now + WAITING
    execution = ports.engine.describe(current_execution(campaign, ports.engine))
    finding = diagnose(campaign, execution, now)
    if finding is Finding.OVER:
        return finding, entry, None if _settle(entry.key, ports, now) else now + WORKING
    if finding is Finding.NOT_STARTED:
        changes = before_revision(campaign)
        if changes:
            last = current_execution(campaign, ports.engine)
            campaign = ports.campaigns.update(
                entry.key, expected=[campaign.status], of_execution=last, at=now, **changes
            )
        return finding, entry, begin(campaign, ports) or now + SOON
    if finding is Finding.GIVEN_UP and execution:
        _fail(campaign, execution.arn, _own_failure(execution, ports), ports)
        return finding, entry, now + SOON
    if finding is not Finding.FINE:
        return _recover(finding, entry, campaign, execution, ports)
    # A suspect is as it should be only as far as the engine knows yet.
    waits = campaign.status is CampaignStatus.AWAITING_APPROVAL
    starting = execution is None or campaign.status not in BUILDING
    return finding, entry, now + (SOON if suspect or starting else WAITING if waits else WORKING)


def _is_waited_for(campaign: Campaign, ports: Ports, now: datetime) -> bool:
    """Whether an execution was there a while ago that waits for the reviewers."""
    if campaign.status is not CampaignStatus.AWAITING_APPROVAL:
        return False
    return any(
        asked.status is ApprovalStatus.PENDING
        and now - (asked.heartbeat_at or asked.created_at) < HEARD_WITHIN
        # One that a superseded execution asked says nothing of the one on record, which perhaps was never started.
        and is_of(campaign.execution_arn, asked.execution_id)
        for asked in ports.approvals.all(key_of(campaign))
    )


def _recover(
    finding: Finding,
    entry: ActiveCampaign,
    campaign: Campaign,
    execution: ExecutionState | None,
    ports: Ports,
) -> tuple[Finding, ActiveCampaign, datetime | None]:
    """Redrive what the engine can go on with; everything else gets a new execution, which skips what is done."""
    now = ports.clock.now()
    restarted = execution is not None and execution.error == SERVICE_RESTART
    if not restarted:  # which is not the campaign's fault, and those whom the engine had invoked died with it
        until = wait_for_writers(entry.key, ports.posts, now)
        if until:
            return Finding.WRITING, entry, min(until, now + SOON)
        lately = tuple(at for at in entry.recoveries if now - at < WINDOW)
        if len(lately) >= MAX_RECOVERIES:
            last = current_execution(campaign, ports.engine)
            _fail(campaign, last, _exhausted(execution, ports), ports)
            return finding, entry, now + SOON
        entry = entry.model_copy(update={"recoveries": (*lately, now)})
    if execution and execution.redrivable:
        # It goes on from the state it was in. After a failure that would be the state Failed.
        ports.engine.redrive(execution.arn)
        return finding, entry, now + SOON
    replaced = replace_execution(campaign, ports, **before_revision(campaign))
    if restarted:
        release_all(entry.key, ports.posts)  # only now: whoever was slower than another must not release its claims
    return finding, entry, begin(replaced, ports) or now + SOON


def _settle(key: CampaignKey, ports: Ports, now: datetime) -> bool:
    """Posts whose writer died with the campaign do not stay ``generating``; answers whether none is left."""
    if not ports.posts.progress(key).generating:
        return True
    reason = PostError(code="INTERRUPTED", message="the campaign ended while it was written", retryable=True)

    def is_left(post: Post) -> bool:
        return post.status is PostStatus.GENERATING and (post.claim is None or post.claim.expires_at <= now)

    def fail(key: CampaignKey, batch_id: int, left: list[Post]) -> list[Post]:
        ended = {"status": PostStatus.FAILED, "error": reason, "completed_at": now}
        return ports.posts.finish(key, batch_id, [post.model_copy(update=ended) for post in left])

    write_by_batch(key, ports.posts, is_left, fail)
    return not ports.posts.count(key).generating


def _fail(campaign: Campaign, execution_arn: str, failure: Failure, ports: Ports) -> None:
    """Raises ``ConflictError`` or ``ConcurrentUpdateError`` when it ended, or goes on, in another way meanwhile."""
    key = key_of(campaign)
    failure = advised(failure, campaign)
    failed = ports.campaigns.update(
        key,
        expected=BUILDING,
        of_execution=execution_arn,
        status=CampaignStatus.FAILED,
        error=failure,
        at=ports.clock.now(),
    )
    for approval in ports.approvals.all(key):
        ports.approvals.close(key, approval.callback_id)
    ports.alerts.send(alert_of(failed, failure))


def _own_failure(execution: ExecutionState, ports: Ports) -> Failure:
    known = known_errors()[execution.error or ""]
    return Failure(
        code=known.code,
        message=_message(execution.cause) or known.title,
        at=ports.clock.now(),
        retryable=known.retryable,
    )


def _message(cause: str | None) -> str:
    """Lambda reports an exception as JSON in the cause, which the engine cuts; other causes are text already."""
    try:
        parsed = json.loads(cause or "")
    except ValueError:
        return cause or ""
    return str(parsed.get("errorMessage", cause)) if isinstance(parsed, dict) else str(cause)


def _exhausted(execution: ExecutionState | None, ports: Ports) -> Failure:
    last = Cause(error=execution.error or execution.status.value, message=execution.cause or "") if execution else None
    return Failure(
        code="RECOVERY_EXHAUSTED",
        message=f"{MAX_RECOVERIES} new executions within {WINDOW} did not bring the campaign forward",
        at=ports.clock.now(),
        retryable=True,
        causes=(last,) if last else (),
    )


class ReconcileSettings(TableSettings, EngineSettings, AlertSettings):
    """It starts executions, and tells people when that does not help."""


load(ReconcileSettings)


def handler(event: Any, context: object) -> dict[str, Any]:
    """Once a minute for each shard of the due index (``{"shard": n}``), by the engine's report that an execution has
    ended otherwise than well, and with ``{"everything": true}`` when the local stack starts: its engine loses them."""
    logger().clear_state()
    ports = ports_for(ReconcileSettings, context)
    ended = ended_campaign(event)
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
    """Once in the life of a process, which is hours (docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment
    .html): the API's last version may put campaigns on the old list for as long as a deployment takes."""
    new = [shard for shard in shards if shard not in _taken_over()]
    number = take_over(new, ports)
    _taken_over().update(new)
    if number:
        logger().info("campaigns taken over from the list of before", number=number, shards=new)


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
