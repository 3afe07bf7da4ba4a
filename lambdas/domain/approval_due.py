"""When an open request for approval is to be looked at next: one function of its record, its policy and the clock."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from lambdas.domain.models.approval import Approval, ApprovalStatus, MailState, Reviewer
from lambdas.domain.models.campaign import CampaignBrief, QuietHours

HEARTBEAT_EVERY = timedelta(hours=6)
"""A quarter of the task's heartbeat limit, so that three in a row may fail."""
RESUME_GRACE = timedelta(seconds=10)
"""How long whoever recorded a decision has to tell the workflow itself."""
CLAIM_GRACE = timedelta(minutes=5)
"""After which whoever was sending a mail is dead: no function that mails runs for longer than a minute."""
EDIT_GRACE = timedelta(minutes=2)
"""After which whoever was editing a post is dead: API Gateway ends its requests after 29 s
(docs.aws.amazon.com/apigateway/latest/developerguide/limits.html), and its function has the same timeout."""


def next_due(approval: Approval, brief: CampaignBrief, now: datetime) -> datetime | None:
    """The earliest moment, not before ``now``, at which something is to be done; ``None`` when it is over."""
    if approval.status is ApprovalStatus.CLOSED:
        return None
    if approval.decision is not None:
        return None if approval.resumed_at else max(now, approval.decision.decided_at + RESUME_GRACE)
    return max(now, min(_moments(approval, brief, now)))


def _moments(approval: Approval, brief: CampaignBrief, now: datetime) -> Iterator[datetime]:
    edited = edit_ends(approval)
    # What is decided for lack of an answer waits for an edit that is under way.
    yield max(approval.expires_at, edited) if edited else approval.expires_at
    if edited or not approval.content_hash:
        yield edited or now
    yield approval.heartbeat_at + HEARTBEAT_EVERY if approval.heartbeat_at else now
    for reviewer in approval.silent():
        if reviewer.to_mail():
            yield reviewer.mail_after or now
        if reviewer.mail is MailState.CLAIMED and reviewer.invited_at:
            yield reviewer.invited_at + CLAIM_GRACE
        if is_lost(reviewer):
            yield now
    reminder = next_reminder(approval, brief, now)
    if reminder:
        yield reminder


def edit_ends(approval: Approval) -> datetime | None:
    """When the last edit that is under way is over, or taken for dead; ``None`` when there is none."""
    return max((edit.since + EDIT_GRACE for edit in approval.editing), default=None)


def is_lost(reviewer: Reviewer) -> bool:
    """Whether somebody is to be told that mail does not reach the reviewer, or may not have."""
    return bool(reviewer.unreachable or reviewer.mail is MailState.UNKNOWN) and not (
        reviewer.unreachable_told or reviewer.revoked
    )


def reminders_due(approval: Approval, brief: CampaignBrief, now: datetime) -> int:
    """How many reminders were to be mailed by now, if it is no quiet hour; what came together is mailed as one."""
    return sum(now >= approval.asked_at + timedelta(hours=after) for after in brief.approval.remind_after_hours)


def next_reminder(approval: Approval, brief: CampaignBrief, now: datetime) -> datetime | None:
    """When the next reminder that was not mailed is due, from ``now`` on and outside of quiet hours."""
    after = sorted(brief.approval.remind_after_hours)[approval.reminders :]
    if not after:
        return None
    due = max(now, approval.asked_at + timedelta(hours=after[0]))
    return _loud_from(due, brief.approval.quiet_hours, ZoneInfo(brief.schedule.time_zone))


def _loud_from(moment: datetime, hours: QuietHours | None, zone: ZoneInfo) -> datetime:
    """``moment``, or the end of the quiet hours it falls into.

    Found in steps of a quarter of an hour, by which all time zones differ, since an hour on the wall may be missing or
    come twice.
    """
    while hours and hours.start != hours.end and is_quiet(moment.astimezone(zone).hour, hours):
        moment = moment.astimezone(UTC)
        moment = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0) + timedelta(minutes=15)
    return moment


def is_quiet(hour: int, hours: QuietHours) -> bool:
    if hours.start < hours.end:
        return hours.start <= hour < hours.end
    return hour >= hours.start or hour < hours.end
