"""Find campaigns whose record and execution disagree, and mend each.

One small function for each finding. Mending twice is harmless, as is dying in the middle: the next run looks again.
"""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from lambdas.core.active import ActiveCampaign
from lambdas.core.alerts import Alerts, advised, alert_of
from lambdas.core.errors import ConflictError, NotFoundError, known_errors
from lambdas.core.executions import SERVICE_RESTART, ExecutionState, campaign_of
from lambdas.core.ids import CampaignKey
from lambdas.core.models.base import Model
from lambdas.core.models.campaign import Campaign, CampaignStatus, Cause, Failure
from lambdas.core.models.post import Post, PostError, PostStatus
from lambdas.core.progression import BUILDING
from lambdas.core.recovery import INTERRUPTED, RecoveryPorts, decided_again, reopen, start_again, write_by_batch
from lambdas.ops.reconcile.diagnosis import Finding, diagnose

MAX_RECOVERIES, WINDOW = 5, timedelta(hours=1)
"""So many new executions of a campaign within so much time; one that needs more than that needs a person."""


class Report(Model):
    """What became of the campaigns on the list, by finding; ``errors`` of them could not be looked after."""

    looked_at: int
    findings: dict[str, int]
    errors: int


class ReconcilePorts(NamedTuple):
    recovery: RecoveryPorts
    alerts: Alerts
    failed: Callable[[ActiveCampaign, Exception], None]
    """Told of a campaign that could not be looked after."""


def reconcile(ports: ReconcilePorts) -> Report:
    """One look at every active campaign. A campaign that cannot be mended does not keep others from it."""
    # One listing answers for all that run as they should; only the others are read and described.
    running = {campaign_of(name) for name in ports.recovery.executions.running()}
    findings: Counter[str] = Counter()
    looked_at = errors = 0
    for entry in ports.recovery.active.all():
        looked_at += 1
        if entry.campaign_id in running:
            findings[Finding.FINE] += 1
            continue
        try:
            findings[look_after(entry, ports)] += 1
        except Exception as error:  # noqa: BLE001 - reported, and the next run tries again
            errors += 1
            ports.failed(entry, error)
    return Report(looked_at=looked_at, findings=dict(findings), errors=errors)


def look_after(entry: ActiveCampaign, ports: ReconcilePorts) -> Finding:
    recovery = ports.recovery
    try:
        campaign = recovery.campaigns.get(entry.key)
    except NotFoundError:
        recovery.active.remove(entry.key)
        return Finding.OVER
    execution = recovery.executions.describe(campaign.execution_arn) if campaign.execution_arn else None
    finding = diagnose(campaign, execution, recovery.clock.now())
    if finding is Finding.OVER:
        _settle(entry, ports)
    elif finding is Finding.NOT_STARTED:
        start_again(campaign, recovery)
    elif finding is Finding.GIVEN_UP and execution:
        _fail(campaign, _own_failure(execution, ports), ports)
    elif finding is not Finding.FINE:
        _recover(entry, campaign, execution, ports)
    return finding


def _recover(
    entry: ActiveCampaign, campaign: Campaign, execution: ExecutionState | None, ports: ReconcilePorts
) -> None:
    """Redrive what the engine can go on with; everything else gets a new execution, which skips what is done."""
    recovery, now = ports.recovery, ports.recovery.clock.now()
    # An engine that was restarted is not the campaign's fault.
    if execution is None or execution.error != SERVICE_RESTART:
        lately = tuple(at for at in entry.recoveries if now - at < WINDOW)
        if len(lately) >= MAX_RECOVERIES:
            _fail(campaign, _exhausted(execution, ports), ports)
            return
        recovery.active.put(entry.model_copy(update={"recoveries": (*lately, now)}))
    # The claims are those of an execution that is over: nobody is to wait until their leases end.
    reopen(entry.key, recovery.posts, INTERRUPTED)
    if execution and execution.redrivable:
        # It goes on from the state it was in. After a failure that would be the state Failed.
        recovery.executions.redrive(execution.arn)
        return
    start_again(decided_again(campaign, recovery), recovery)


def _settle(entry: ActiveCampaign, ports: ReconcilePorts) -> None:
    """Posts whose writer died with the campaign do not stay ``generating``; then it is off the list."""
    recovery, now = ports.recovery, ports.recovery.clock.now()
    if recovery.posts.progress(entry.key).generating:
        reason = PostError(code="INTERRUPTED", message="the campaign ended while it was written", retryable=True)

        def is_left(post: Post) -> bool:
            return post.status is PostStatus.GENERATING and (post.claim is None or post.claim.expires_at <= now)

        def fail(key: CampaignKey, batch_id: int, left: list[Post]) -> list[Post]:
            ended = {"status": PostStatus.FAILED, "error": reason, "completed_at": now}
            return recovery.posts.finish(key, batch_id, [post.model_copy(update=ended) for post in left])

        write_by_batch(entry.key, recovery.posts, is_left, fail)
        if recovery.posts.count(entry.key).generating:
            return
    recovery.active.remove(entry.key)


def _fail(campaign: Campaign, failure: Failure, ports: ReconcilePorts) -> None:
    recovery = ports.recovery
    failure = advised(failure, campaign)
    key = CampaignKey(campaign.tenant_id, campaign.campaign_id)
    for approval in recovery.approvals.all(key):
        recovery.approvals.close(key, approval.callback_id)
    try:
        failed = recovery.campaigns.update(
            key, expected=BUILDING, status=CampaignStatus.FAILED, error=failure, at=recovery.clock.now()
        )
    except ConflictError:
        return  # it ended in another way meanwhile
    ports.alerts.send(alert_of(failed, failure))


def _own_failure(execution: ExecutionState, ports: ReconcilePorts) -> Failure:
    known = known_errors()[execution.error or ""]
    return Failure(
        code=known.code,
        message=_message(execution.cause) or known.title,
        at=ports.recovery.clock.now(),
        retryable=known.retryable,
    )


def _message(cause: str | None) -> str:
    """Lambda reports an exception as JSON in the cause, which the engine cuts; other causes are text already."""
    try:
        parsed = json.loads(cause or "")
    except ValueError:
        return cause or ""
    return str(parsed.get("errorMessage", cause)) if isinstance(parsed, dict) else str(cause)


def _exhausted(execution: ExecutionState | None, ports: ReconcilePorts) -> Failure:
    last = Cause(error=execution.error or execution.status.value, message=execution.cause or "") if execution else None
    return Failure(
        code="RECOVERY_EXHAUSTED",
        message=f"{MAX_RECOVERIES} new executions within {WINDOW} did not bring the campaign forward",
        at=ports.recovery.clock.now(),
        retryable=True,
        causes=(last,) if last else (),
    )
