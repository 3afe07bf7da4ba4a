"""Compares a campaign's record with its execution, and repairs what does not agree.

Step Functions is only asked about a campaign if something may be wrong. It is not asked while reviewers are deciding
and a recent heartbeat has shown that the execution waits: that is the state of nearly all campaigns nearly all of the
time, and DescribeExecution may be called only 10 to 15 times a second by a whole account
(docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). Running this twice is harmless, as is a crash
half-way.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from lambdas.domain.errors import NotFoundError, known_errors, permanent_names
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.active import SOON, ActiveCampaign
from lambdas.domain.models.approval import ApprovalStatus, MailState
from lambdas.domain.models.campaign import Campaign, CampaignStatus, Cause, Failure
from lambdas.domain.models.post import Post, PostError, PostStatus
from lambdas.domain.models.workflow import ExecutionStatus, message_in
from lambdas.ports.bundle import Ports
from lambdas.ports.engine import SERVICE_RESTART, ExecutionState, is_of
from lambdas.services.alerts import advised, alert_of
from lambdas.services.ending import erase, settle_cancelled
from lambdas.services.lifecycle import BUILDING
from lambdas.services.news import tell_failed
from lambdas.services.recovery import (
    before_revision,
    begin,
    current_execution,
    release_all,
    replace_execution,
    wait_for_writers,
    write_by_batch,
)

MAX_RECOVERIES, WINDOW = 5, timedelta(hours=1)
"""Limit of new executions of a campaign within a period; a campaign that needs more needs a person."""
WORKING = timedelta(minutes=5)
"""Interval between checks of a campaign whose execution is working. Step Functions reports the end of an execution;
this is for lost reports."""
WAITING = timedelta(hours=6)
"""Interval between checks of a campaign that waits for reviewers."""
HEARD_WITHIN = timedelta(hours=13)
"""Maximum age of the last heartbeat. One is sent every six hours, so a late or lost one is no reason to ask Step
Functions."""


class Finding(StrEnum):
    FINE = "fine"
    OVER = "over"
    """BUILD has finished with this campaign."""
    NOT_STARTED = "not_started"
    """Step Functions does not know the execution that the record names: the function that named it died before starting
    it, or it ended so long ago (90 days) that it was deleted. In both cases it is started under that name."""
    INTERRUPTED = "interrupted"
    """The execution was aborted or timed out; the campaign is where it was."""
    BROKEN = "broken"
    """The execution is over, and the record says that BUILD is at work."""
    ENDED_BY_HAND = "ended_by_hand"
    """It was cancelled or is being deleted, and what follows from that is done."""
    GIVEN_UP = "given_up"
    """The execution failed for good, and its last step could not record that."""
    WRITING = "writing"
    """The execution has ended, but its workers may still be writing posts; it is replaced after that."""


_INTERRUPTIONS = (ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT)


def diagnose(campaign: Campaign, execution: ExecutionState | None, now: datetime) -> Finding:
    """``execution`` is the one that the record names; ``None`` if Step Functions does not know it.

    DescribeExecution is eventually consistent (docs.aws.amazon.com/step-functions/latest/apireference/
    API_DescribeExecution.html), and the function that stored the name may be about to start the execution: so an
    execution that was named a moment ago is not treated as missing.
    """
    if campaign.status not in BUILDING:
        return Finding.FINE if execution and execution.is_live else Finding.OVER
    if execution is None:
        return Finding.NOT_STARTED if now - campaign.updated_at >= SOON else Finding.FINE
    if execution.is_live:
        return Finding.FINE
    if execution.status in _INTERRUPTIONS:
        return Finding.INTERRUPTED
    if execution.status is ExecutionStatus.FAILED and execution.error in permanent_names():
        return Finding.GIVEN_UP
    return Finding.BROKEN


def look_after(entry: ActiveCampaign, ports: Ports, *, suspect: bool) -> Finding:
    """Check one campaign, repair what is wrong, and set the time of the next check, if any."""
    finding, entry, again = _look(entry, ports, suspect=suspect)
    if again is None:
        ports.active.remove(entry.key)
    else:
        ports.active.look_at(entry, again, ports.clock.now())
    return finding


def _look(entry: ActiveCampaign, ports: Ports, *, suspect: bool) -> tuple[Finding, ActiveCampaign, datetime | None]:
    """The finding, the record of recoveries, and the time of the next check."""
    now = ports.clock.now()
    try:
        campaign = ports.campaigns.get(entry.key)
    except NotFoundError:
        return Finding.OVER, entry, None
    if campaign.status in (CampaignStatus.STOPPED, CampaignStatus.DELETING):
        return Finding.ENDED_BY_HAND, entry, _end_by_hand(campaign, ports, now)
    if not suspect and _is_waited_for(campaign, ports, now):
        return Finding.FINE, entry, now + WAITING
    execution = ports.engine.describe(current_execution(campaign, ports.engine))
    finding = diagnose(campaign, execution, now)
    if finding is Finding.OVER:
        return _over(entry, campaign, ports)
    if finding is Finding.NOT_STARTED:
        changes = before_revision(campaign)
        if changes:
            last = current_execution(campaign, ports.engine)
            campaign = ports.campaigns.update(
                entry.key, expected=[campaign.status], of_execution=last, at=now, **changes
            )
        return finding, entry, begin(campaign, ports) or now + SOON
    if finding is Finding.GIVEN_UP and execution:
        _fail(entry, campaign, execution.arn, _own_failure(execution, ports), ports)
        return finding, entry, now + SOON
    if finding is not Finding.FINE:
        return _recover(finding, entry, campaign, execution, ports)
    # When a campaign is suspected of being stuck, "fine" only means that Step Functions does not know better yet.
    waits = campaign.status is CampaignStatus.AWAITING_APPROVAL
    starting = execution is None or campaign.status not in BUILDING
    return finding, entry, now + (SOON if suspect or starting else WAITING if waits else WORKING)


def _over(entry: ActiveCampaign, campaign: Campaign, ports: Ports) -> tuple[Finding, ActiveCampaign, datetime | None]:
    """Tell people of a failure, once, and take the campaign off the list when nothing of it is left to be seen to."""
    now = ports.clock.now()
    if entry.alert and campaign.error:
        ports.alerts.send(alert_of(campaign, campaign.error))
    entry = entry.model_copy(update={"alert": False})
    if MailState.NOT_ACCEPTED in tell_failed(campaign, ports):
        return Finding.OVER, entry, now + SOON
    return Finding.OVER, entry, None if _settle(entry.key, ports, now) else now + WORKING


def _end_by_hand(campaign: Campaign, ports: Ports, now: datetime) -> datetime | None:
    """When to look again, if ever."""
    if campaign.status is CampaignStatus.DELETING:
        return erase(campaign, ports)
    again = settle_cancelled(campaign, ports)
    return again if _settle(campaign.key, ports, now) else now + WORKING


def _is_waited_for(campaign: Campaign, ports: Ports, now: datetime) -> bool:
    """Whether an execution that waits for the reviewers existed a short while ago."""
    if campaign.status is not CampaignStatus.AWAITING_APPROVAL:
        return False
    return any(
        asked.status is ApprovalStatus.PENDING
        and now - (asked.heartbeat_at or asked.created_at) < HEARD_WITHIN
        # A request by a superseded execution says nothing about the execution on record, which may never have been
        # started.
        and is_of(campaign.execution_arn, asked.execution_id)
        for asked in ports.approvals.all(campaign.key)
    )


def _recover(
    finding: Finding,
    entry: ActiveCampaign,
    campaign: Campaign,
    execution: ExecutionState | None,
    ports: Ports,
) -> tuple[Finding, ActiveCampaign, datetime | None]:
    """Redrive the execution if Step Functions can continue it; otherwise start a new one, which skips finished work."""
    now = ports.clock.now()
    restarted = execution is not None and execution.error == SERVICE_RESTART
    if not restarted:  # which is not the campaign's fault; the functions that the engine had invoked died with it
        until = wait_for_writers(entry.key, ports.posts, now)
        if until:
            return Finding.WRITING, entry, min(until, now + SOON)
        lately = tuple(at for at in entry.recoveries if now - at < WINDOW)
        if len(lately) >= MAX_RECOVERIES:
            last = current_execution(campaign, ports.engine)
            _fail(entry, campaign, last, _exhausted(execution, ports), ports)
            return finding, entry, now + SOON
        entry = entry.model_copy(update={"recoveries": (*lately, now)})
    if execution and execution.redrivable:
        # A redrive continues from the last state. After a handled failure that would be the state Failed.
        ports.engine.redrive(execution.arn)
        return finding, entry, now + SOON
    replaced = replace_execution(campaign, ports, **before_revision(campaign))
    if restarted:
        release_all(
            entry.key, ports.posts
        )  # only now: a caller that lost the race must not release the winner's claims
    return finding, entry, begin(replaced, ports) or now + SOON


def _settle(key: CampaignKey, ports: Ports, now: datetime) -> bool:
    """Make sure that no post stays ``generating`` after its worker died with the campaign; returns whether none is
    left."""
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


def _fail(entry: ActiveCampaign, campaign: Campaign, execution_arn: str, failure: Failure, ports: Ports) -> None:
    """Raises ``ConflictError`` or ``ConcurrentUpdateError`` if the campaign has ended or continues in another way
    meanwhile.

    The need for an alert is recorded first: if this function dies before sending it, the next check does.
    """
    key, now = campaign.key, ports.clock.now()
    failure = advised(failure, campaign)
    ports.active.look_at(entry.model_copy(update={"alert": True}), now + SOON, now)
    failed = ports.campaigns.update(
        key,
        expected=BUILDING,
        of_execution=execution_arn,
        status=CampaignStatus.FAILED,
        error=failure,
        at=now,
    )
    for approval in ports.approvals.all(key):
        ports.approvals.close(key, approval.callback_id)
    ports.alerts.send(alert_of(failed, failure))


def _own_failure(execution: ExecutionState, ports: Ports) -> Failure:
    known = known_errors()[execution.error or ""]
    return Failure(
        code=known.code,
        message=message_in(execution.cause or "") or known.title,
        at=ports.clock.now(),
        retryable=known.retryable,
    )


def _exhausted(execution: ExecutionState | None, ports: Ports) -> Failure:
    last = Cause(error=execution.error or execution.status.value, message=execution.cause or "") if execution else None
    return Failure(
        code="RECOVERY_EXHAUSTED",
        message=f"{MAX_RECOVERIES} new executions within {WINDOW} did not bring the campaign forward",
        at=ports.clock.now(),
        retryable=True,
        causes=(last,) if last else (),
    )
