"""Does a campaign's record agree with its execution? If it does not: what is the matter, and mending it.

The engine is asked about a campaign only where something may be wrong: not while reviewers are asked and a heartbeat
has told lately that the execution waits for them, for that is what nearly all campaigns do nearly all of the time, and
DescribeExecution may be called 10 to 15 times a second by a whole account
(docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html). Mending twice is harmless, as is dying half-way.
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
"""So many new executions of a campaign within so much time; one that needs more than that needs a person."""
WORKING = timedelta(minutes=5)
"""Between two looks at a campaign whose execution is at work. The engine reports its end; this is for lost reports."""
WAITING = timedelta(hours=6)
"""Between two looks at one that waits for reviewers."""
HEARD_WITHIN = timedelta(hours=13)
"""Since the last heartbeat. One is sent every six hours, so a late or a lost one is no reason to ask the engine."""


class Finding(StrEnum):
    FINE = "fine"
    OVER = "over"
    """BUILD has nothing to do with it any more."""
    NOT_STARTED = "not_started"
    """The engine does not know the execution that the record names: whoever named it died before starting it, or it
    ended so long ago (90 days) that the engine has forgotten it. Either way it is started under that name."""
    INTERRUPTED = "interrupted"
    """Aborted or timed out: it stands where it stood."""
    BROKEN = "broken"
    """The execution is over, and the record says that BUILD is at work."""
    ENDED_BY_HAND = "ended_by_hand"
    """It was cancelled or is being deleted, and what follows from that is done."""
    GIVEN_UP = "given_up"
    """It failed for good, and its last step could not put that on the record."""
    WRITING = "writing"
    """The execution is over, and somebody may still be writing posts for it: it is replaced after that."""


_INTERRUPTIONS = (ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT)


def diagnose(campaign: Campaign, execution: ExecutionState | None, now: datetime) -> Finding:
    """``execution`` is the one the record means; ``None`` when the engine has none.

    DescribeExecution is eventually consistent (docs.aws.amazon.com/step-functions/latest/apireference/
    API_DescribeExecution.html), and whoever put the name on the record may be about to start it: an execution that
    was named a moment ago is not missed yet.
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
    # A suspect is as it should be only as far as the engine knows yet.
    waits = campaign.status is CampaignStatus.AWAITING_APPROVAL
    starting = execution is None or campaign.status not in BUILDING
    return finding, entry, now + (SOON if suspect or starting else WAITING if waits else WORKING)


def _over(
    entry: ActiveCampaign, campaign: Campaign, ports: Ports
) -> tuple[Finding, ActiveCampaign, datetime | None]:
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
    """Whether an execution was there a while ago that waits for the reviewers."""
    if campaign.status is not CampaignStatus.AWAITING_APPROVAL:
        return False
    return any(
        asked.status is ApprovalStatus.PENDING
        and now - (asked.heartbeat_at or asked.created_at) < HEARD_WITHIN
        # One that a superseded execution asked says nothing of the one on record, which perhaps was never started.
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
            _fail(entry, campaign, last, _exhausted(execution, ports), ports)
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


def _fail(entry: ActiveCampaign, campaign: Campaign, execution_arn: str, failure: Failure, ports: Ports) -> None:
    """Raises ``ConflictError`` or ``ConcurrentUpdateError`` when it ended, or goes on, in another way meanwhile.

    That somebody is to be alerted is noted first: should this function die before it does so, the next look does.
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
