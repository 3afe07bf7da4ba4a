"""Find campaigns whose record and execution disagree, and mend each.

A campaign is looked at when it is due. The engine is asked about it only where something may be wrong: not while
reviewers are asked and a heartbeat has told lately that the execution waits for them, for that is what nearly all
campaigns do nearly all of the time, and DescribeExecution may be called 10 to 15 times a second by a whole account
(docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). An execution that is aborted, times out or fails is
reported by the engine itself (``ended_campaign``).

One small function for each finding. Mending twice is harmless, as is dying in the middle: the next look finds the rest.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from lambdas.domain.due import DueEntry, Kind
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError, known_errors
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.active import SOON, ActiveCampaign, active
from lambdas.domain.models.approval import ApprovalStatus
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import Campaign, CampaignStatus, Cause, Failure
from lambdas.domain.models.post import Post, PostError, PostStatus
from lambdas.domain.models.workflow import message_in
from lambdas.ops.reconcile.diagnosis import Finding, diagnose
from lambdas.ports.engine import SERVICE_RESTART, ExecutionState, campaign_of, is_of
from lambdas.ports.services import Alerts
from lambdas.ports.stores import CampaignStore, DueIndex
from lambdas.services.alerts import advised, alert_of
from lambdas.services.due import DueReport, Tick, Verdict, rebuild, work_due
from lambdas.services.lifecycle import BUILDING
from lambdas.services.recovery import (
    RecoveryPorts,
    before_revision,
    begin,
    current_execution,
    release_all,
    replace_execution,
    wait_for_writers,
    write_by_batch,
)

MAX_RECOVERIES, WINDOW = 5, timedelta(hours=1)
"""So many new executions of a campaign within so much time; one that needs more than that needs a person."""
WORKING = timedelta(minutes=5)
"""Between two looks at a campaign whose execution is at work. The engine reports its end; this is for lost reports."""
WAITING = timedelta(hours=6)
"""Between two looks at one that waits for reviewers."""
HEARD_WITHIN = timedelta(hours=13)
"""Since the last heartbeat. One is sent every six hours, so a late or a lost one is no reason to ask the engine."""


class Report(Model):
    """What became of the campaigns that were looked at, by finding; ``errors`` of them could not be looked after."""

    looked_at: int
    findings: dict[str, int]
    errors: int


class ReconcilePorts(NamedTuple):
    recovery: RecoveryPorts
    alerts: Alerts


class OldList(Protocol):
    """The list of active campaigns that version 0.3 and earlier kept in place of the index."""

    def listed(self, shard: int, limit: int) -> list[CampaignKey]: ...

    def forget_listed(self, key: CampaignKey) -> None: ...


def reconcile(shards: Sequence[int], tick: Tick, ports: ReconcilePorts) -> tuple[Report, DueReport]:
    """One look at every campaign that is due in these shards.

    ``tick.everything``: at every active campaign, and each is as suspect as one whose execution is known to be over.
    """
    findings: Counter[str] = Counter()

    def work(entry: DueEntry) -> Verdict:
        record = ports.recovery.active.get(entry.key)
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


def take_over(shard: int, old: OldList, index: DueIndex, recovery: RecoveryPorts) -> int:
    """Campaigns on the list of before are due now, and off that list; answers how many.

    Fewer than ``TAKEN_AT_ONCE``: the shard's share of the list is empty now.
    """
    taken = old.listed(shard, TAKEN_AT_ONCE)
    for key in taken:
        rebuild(Kind.CAMPAIGN, [(key, "", None)], index, recovery.clock)
        old.forget_listed(key)
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


def look_again(key: CampaignKey, ports: ReconcilePorts) -> Finding:
    """Look at a campaign of which the engine says that an execution has ended."""
    record = ports.recovery.active.get(key)
    try:
        return look_after(record or active(key), ports, suspect=True)
    except (ConcurrentUpdateError, ConflictError):
        return Finding.FINE  # somebody else moves it; it is due again


def look_after(entry: ActiveCampaign, ports: ReconcilePorts, *, suspect: bool) -> Finding:
    """Look at one campaign, mend what is wrong, and say when to look again, if ever."""
    recovery = ports.recovery
    finding, entry, again = _look(entry, ports, suspect=suspect)
    if again is None:
        recovery.active.remove(entry.key)
    else:
        recovery.active.look_at(entry, again, recovery.clock.now())
    return finding


def _look(
    entry: ActiveCampaign, ports: ReconcilePorts, *, suspect: bool
) -> tuple[Finding, ActiveCampaign, datetime | None]:
    """What was found, the record of recoveries, and when to look again."""
    recovery, now = ports.recovery, ports.recovery.clock.now()
    try:
        campaign = recovery.campaigns.get(entry.key)
    except NotFoundError:
        return Finding.OVER, entry, None
    if not suspect and _is_waited_for(campaign, recovery, now):
        return Finding.FINE, entry, now + WAITING
    execution = recovery.executions.describe(current_execution(campaign, recovery.executions))
    finding = diagnose(campaign, execution, now)
    if finding is Finding.OVER:
        if entry.alert and campaign.error:
            ports.alerts.send(alert_of(campaign, campaign.error))
        entry = entry.model_copy(update={"alert": False})
        return finding, entry, None if _settle(entry.key, recovery, now) else now + WORKING
    if finding is Finding.NOT_STARTED:
        changes = before_revision(campaign)
        if changes:
            last = current_execution(campaign, recovery.executions)
            campaign = recovery.campaigns.update(
                entry.key, expected=[campaign.status], of_execution=last, at=now, **changes
            )
        return finding, entry, begin(campaign, recovery) or now + SOON
    if finding is Finding.GIVEN_UP and execution:
        _fail(entry, campaign, execution.arn, _own_failure(execution, ports), ports)
        return finding, entry, now + SOON
    if finding is not Finding.FINE:
        return _recover(finding, entry, campaign, execution, ports)
    # A suspect is as it should be only as far as the engine knows yet.
    waits = campaign.status is CampaignStatus.AWAITING_APPROVAL
    starting = execution is None or campaign.status not in BUILDING
    return finding, entry, now + (SOON if suspect or starting else WAITING if waits else WORKING)


def _is_waited_for(campaign: Campaign, recovery: RecoveryPorts, now: datetime) -> bool:
    """Whether an execution was there a while ago that waits for the reviewers."""
    if campaign.status is not CampaignStatus.AWAITING_APPROVAL:
        return False
    return any(
        asked.status is ApprovalStatus.PENDING
        and now - (asked.heartbeat_at or asked.created_at) < HEARD_WITHIN
        # One that a superseded execution asked says nothing of the one on record, which perhaps was never started.
        and is_of(campaign.execution_arn, asked.execution_id)
        for asked in recovery.approvals.all(campaign.key)
    )


def _recover(
    finding: Finding,
    entry: ActiveCampaign,
    campaign: Campaign,
    execution: ExecutionState | None,
    ports: ReconcilePorts,
) -> tuple[Finding, ActiveCampaign, datetime | None]:
    """Redrive what the engine can go on with; everything else gets a new execution, which skips what is done."""
    recovery, now = ports.recovery, ports.recovery.clock.now()
    restarted = execution is not None and execution.error == SERVICE_RESTART
    if not restarted:  # which is not the campaign's fault, and those whom the engine had invoked died with it
        until = wait_for_writers(entry.key, recovery.posts, now)
        if until:
            return Finding.WRITING, entry, min(until, now + SOON)
        lately = tuple(at for at in entry.recoveries if now - at < WINDOW)
        if len(lately) >= MAX_RECOVERIES:
            last = current_execution(campaign, recovery.executions)
            _fail(entry, campaign, last, _exhausted(execution, ports), ports)
            return finding, entry, now + SOON
        entry = entry.model_copy(update={"recoveries": (*lately, now)})
    if execution and execution.redrivable:
        # It goes on from the state it was in. After a failure that would be the state Failed.
        recovery.executions.redrive(execution.arn)
        return finding, entry, now + SOON
    replaced = replace_execution(campaign, recovery, **before_revision(campaign))
    if restarted:
        release_all(entry.key, recovery.posts)  # only now: whoever was slower than another must not release its claims
    return finding, entry, begin(replaced, recovery) or now + SOON


def _settle(key: CampaignKey, recovery: RecoveryPorts, now: datetime) -> bool:
    """Posts whose writer died with the campaign do not stay ``generating``; answers whether none is left."""
    if not recovery.posts.progress(key).generating:
        return True
    reason = PostError(code="INTERRUPTED", message="the campaign ended while it was written", retryable=True)

    def is_left(post: Post) -> bool:
        return post.status is PostStatus.GENERATING and (post.claim is None or post.claim.expires_at <= now)

    def fail(key: CampaignKey, batch_id: int, left: list[Post]) -> list[Post]:
        ended = {"status": PostStatus.FAILED, "error": reason, "completed_at": now}
        return recovery.posts.finish(key, batch_id, [post.model_copy(update=ended) for post in left])

    write_by_batch(key, recovery.posts, is_left, fail)
    return not recovery.posts.count(key).generating


def _fail(
    entry: ActiveCampaign, campaign: Campaign, execution_arn: str, failure: Failure, ports: ReconcilePorts
) -> None:
    """Raises ``ConflictError`` or ``ConcurrentUpdateError`` when it ended, or goes on, in another way meanwhile.

    That somebody is to be alerted is noted first: should this function die before it does so, the next look does.
    """
    recovery, key, now = ports.recovery, campaign.key, ports.recovery.clock.now()
    failure = advised(failure, campaign)
    recovery.active.look_at(entry.model_copy(update={"alert": True}), now + SOON, now)
    failed = recovery.campaigns.update(
        key,
        expected=BUILDING,
        of_execution=execution_arn,
        status=CampaignStatus.FAILED,
        error=failure,
        at=now,
    )
    for approval in recovery.approvals.all(key):
        recovery.approvals.close(key, approval.callback_id)
    ports.alerts.send(alert_of(failed, failure))


def _own_failure(execution: ExecutionState, ports: ReconcilePorts) -> Failure:
    known = known_errors()[execution.error or ""]
    return Failure(
        code=known.code,
        message=message_in(execution.cause or "") or known.title,
        at=ports.recovery.clock.now(),
        retryable=known.retryable,
    )


def _exhausted(execution: ExecutionState | None, ports: ReconcilePorts) -> Failure:
    last = Cause(error=execution.error or execution.status.value, message=execution.cause or "") if execution else None
    return Failure(
        code="RECOVERY_EXHAUSTED",
        message=f"{MAX_RECOVERIES} new executions within {WINDOW} did not bring the campaign forward",
        at=ports.recovery.clock.now(),
        retryable=True,
        causes=(last,) if last else (),
    )
