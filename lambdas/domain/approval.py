"""Rules for a request for approval: its decision, when it is due, and what happens if nobody answers.

Pure functions of the request's record, the campaign's policy and the clock. Only answers count that were given for the
posts as they are now (ADR 68).
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from lambdas.domain.models.approval import (
    MAX_COMMENT,
    Approval,
    ApprovalStatus,
    MadeDecision,
    MailState,
    PostDecision,
    PostVerdict,
    Reviewer,
    Vote,
)
from lambdas.domain.models.campaign import ApprovalPolicy, CampaignBrief, OnTimeout, QuietHours, Quorum
from lambdas.domain.models.post import Post
from lambdas.domain.models.workflow import Decision
from lambdas.domain.record_size import joined

BEFORE_AN_EDIT = ""
"""``contentHash`` of a vote for posts that were edited since, if it is unknown what they were."""
HEARTBEAT_EVERY = timedelta(hours=6)
"""A quarter of the task's heartbeat limit, so that three in a row may fail."""
RESUME_GRACE = timedelta(seconds=10)
"""How long a function that recorded a decision may take to pass it to the workflow."""
CLAIM_GRACE = timedelta(minutes=5)
"""After this time the function that was sending a mail must be dead: no function that mails runs for longer than a
minute."""
EDIT_GRACE = timedelta(minutes=2)
"""After this time the process that was editing a post must be dead: API Gateway ends its requests after 29 s
(docs.aws.amazon.com/apigateway/latest/developerguide/limits.html), and its function has the same timeout."""
POLICY = "policy"
"""Recorded as the decider if the policy decided."""
LINK_LIFETIME = timedelta(days=7) - timedelta(hours=1)
"""A link expires before the task that waits for it, so that a late click gets a page and not an error."""
NEVER_MAILED: dict[str, Any] = {
    "invited_at": None,
    "owed": None,
    "mail_tries": 0,
    "mail_after": None,
    "unreachable": None,
    "unreachable_told": False,
}
"""Fields of a reviewer who is to be invited; links mailed before still open the request."""


class Tally(NamedTuple):
    """The state of a request: ``decision`` is ``None`` while it is open, ``next_stage`` if the second stage is to be
    asked."""

    decision: Decision | None
    next_stage: bool = False
    reason: str | None = None


def tally(approval: Approval, votes: Sequence[Vote]) -> Tally:
    """Count the votes of the current stage.

    ``one``: the first answer decides. ``all`` or a number *m*: the stage agrees with its m-th approval. Once m
    approvals cannot be reached any more, the result is ``needs_revision`` if anybody asked for one, otherwise
    ``rejected``. So with 2 of 3 one rejection decides nothing, and a second one does.
    """
    reviewers = {reviewer.email for reviewer in approval.staged()}
    answers = [vote.decision for vote in votes if vote.email in reviewers and approval.counts(vote)]
    against = [answer for answer in answers if answer is not Decision.APPROVED]
    approvals = len(answers) - len(against)
    if approvals >= needed(approval.quorum, len(reviewers)):
        has_next = any(reviewer.stage > approval.stage for reviewer in approval.reviewers)
        return Tally(None, next_stage=True) if has_next else Tally(Decision.APPROVED)
    impossible = len(reviewers) - len(against) < needed(approval.quorum, len(reviewers))
    if not against or not (impossible or approval.quorum is Quorum.ONE):
        return Tally(None)
    if Decision.NEEDS_REVISION not in against:
        return Tally(Decision.REJECTED)
    if approval.revisions_left == 0:
        return Tally(Decision.REJECTED, reason="the campaign has used up its revisions")
    return Tally(Decision.NEEDS_REVISION)


def needed(quorum: Quorum | int, reviewers: int) -> int:
    """How many approvals are needed."""
    if isinstance(quorum, Quorum):
        return 1 if quorum is Quorum.ONE else reviewers
    return min(quorum, reviewers)


def with_hashes(approval: Approval, posts: Iterable[Post]) -> Approval:
    """A request in which every vote has the hash of the content it was given for. Votes without it (of an older
    version) were given for the current posts if no post was edited since. ``posts`` are read only if needed."""
    if not approval.content_hash or all(vote.content_hash is not None for vote in approval.votes):
        return approval
    edited = max((post.edit.at for post in posts if post.edit), default=None)

    def hashed(vote: Vote) -> Vote:
        if vote.content_hash is not None:
            return vote
        same = edited is None or vote.at > edited
        return vote.model_copy(update={"content_hash": approval.content_hash if same else BEFORE_AN_EDIT})

    return approval.model_copy(update={"votes": tuple(hashed(vote) for vote in approval.votes)})


def shown_anew(approval: Approval, shown: str, policy: ApprovalPolicy) -> Approval:
    """The request after an edit, about the content ``shown``. Votes without a hash were given before it."""
    votes = tuple(
        vote.model_copy(update={"content_hash": BEFORE_AN_EDIT}) if vote.content_hash is None else vote
        for vote in approval.votes
    )
    return asked_anew(approval.model_copy(update={"content_hash": shown, "votes": votes}), policy)


def asked_anew(approval: Approval, policy: ApprovalPolicy) -> Approval:
    """Reviewers whose answer no longer counts are owed a mail, unless they got one since or their links were revoked.

    A second stage waits until the first has agreed to the current content.
    """
    changed = _at_its_stage(approval, policy)
    # In layout 0 ``owed`` is stored beside the record, and is lost when an older execution writes the record.
    owed = {"owed": "approval"} if approval.layout else {"invited_at": None}
    for reviewer in changed.reviewers:
        vote = changed.vote_of(reviewer.email)
        if vote is None:  # asked too early: they are mailed when their stage is asked again
            again = changed.stage < reviewer.stage <= approval.stage
        else:
            again = not changed.counts(vote) and (reviewer.invited_at is None or reviewer.invited_at <= vote.at)
        if again and reviewer.invited_at and not reviewer.revoked:
            changed = changed.with_reviewer(reviewer.email, mail_tries=0, mail_after=None, **owed)
    return changed


def _at_its_stage(approval: Approval, policy: ApprovalPolicy) -> Approval:
    if all(reviewer.stage == 1 for reviewer in approval.reviewers):
        return approval
    first = approval.model_copy(update={"stage": 1, "quorum": _quorum(approval, policy, 1)})
    if not tally(first, first.votes).next_stage:
        return first
    return approval.model_copy(update={"stage": 2, "quorum": _quorum(approval, policy, 2)})


def _quorum(approval: Approval, policy: ApprovalPolicy, stage: int) -> Quorum | int:
    """The quorum of a stage; once others were added because nobody answered in time, the first answer decides."""
    added = {r.email for r in approval.reviewers if r.stage == stage} & set(policy.escalate_to)
    if approval.extended and policy.on_timeout is OnTimeout.ESCALATE and added:
        return Quorum.ONE
    return policy.quorum if stage == 1 else approval.next_quorum


def sent_back(made: MadeDecision, votes: Iterable[Vote]) -> tuple[PostDecision, ...]:
    """The posts that a decision sends back; read from the votes if the decision's record could not hold them."""
    return flagged(votes) if made.posts_in_votes else made.posts


def flagged(votes: Iterable[Vote]) -> tuple[PostDecision, ...]:
    """The posts to revise, sorted by id: rejected if anybody rejects them, with everybody's comments."""
    by_post: dict[str, list[PostDecision]] = {}
    for vote in votes:
        for post in vote.posts:
            if post.verdict is not PostVerdict.APPROVE:
                by_post.setdefault(post.post_id, []).append(post)
    merged = []
    for _, said in sorted(by_post.items()):
        rejected = any(post.verdict is PostVerdict.REJECT for post in said)
        comment = joined((post.comment for post in said), MAX_COMMENT)
        verdict = PostVerdict.REJECT if rejected else PostVerdict.CHANGE
        merged.append(PostDecision(post_id=said[0].post_id, verdict=verdict, comment=comment))
    return tuple(merged)


def next_due(approval: Approval, brief: CampaignBrief, now: datetime) -> datetime | None:
    """The earliest time, not before ``now``, at which something has to be done; ``None`` if the request is over."""
    if approval.status is ApprovalStatus.CLOSED:
        return None
    if approval.decision is not None:
        return None if approval.resumed_at else max(now, approval.decision.decided_at + RESUME_GRACE)
    return max(now, min(_moments(approval, brief, now)))


def _moments(approval: Approval, brief: CampaignBrief, now: datetime) -> Iterator[datetime]:
    edited = edit_ends(approval)
    # A decision for lack of an answer waits for an edit that is under way.
    yield max(approval.expires_at, edited) if edited else approval.expires_at
    if edited or not approval.content_hash:
        yield edited or now
    yield approval.heartbeat_at + HEARTBEAT_EVERY if approval.heartbeat_at else now
    if lost(approval):
        yield now
    for reviewer in approval.silent():
        if reviewer.to_mail():
            yield reviewer.mail_after or now
        if reviewer.mail is MailState.CLAIMED and reviewer.invited_at:
            yield reviewer.invited_at + CLAIM_GRACE
    reminder = next_reminder(approval, brief, now)
    if reminder:
        yield reminder


def edit_ends(approval: Approval) -> datetime | None:
    """When the last edit under way has ended, or is assumed dead; ``None`` if there is none."""
    return max((edit.since + EDIT_GRACE for edit in approval.editing), default=None)


def lost(approval: Approval) -> list[Reviewer]:
    """Reviewers to report: mail does not or may not reach them, or their links were revoked and nobody else can
    answer."""
    silent = approval.silent()
    nobody = all(reviewer.revoked for reviewer in silent)
    untold = (reviewer for reviewer in silent if not reviewer.unreachable_told)
    return [r for r in untold if (nobody if r.revoked else r.unreachable or r.mail is MailState.UNKNOWN)]


def reminders_due(approval: Approval, brief: CampaignBrief, now: datetime) -> int:
    """How many reminders should have been mailed by now, outside of quiet hours; several at once are mailed as one."""
    return sum(now >= approval.asked_at + timedelta(hours=after) for after in brief.approval.remind_after_hours)


def next_reminder(approval: Approval, brief: CampaignBrief, now: datetime) -> datetime | None:
    """When the next unsent reminder is due, from ``now`` on and outside of quiet hours."""
    after = sorted(brief.approval.remind_after_hours)[approval.reminders :]
    if not after:
        return None
    due = max(now, approval.asked_at + timedelta(hours=after[0]))
    return _loud_from(due, brief.approval.quiet_hours, ZoneInfo(brief.schedule.time_zone))


def _loud_from(moment: datetime, hours: QuietHours | None, zone: ZoneInfo) -> datetime:
    """``moment``, or the end of the quiet hours that it falls into.

    Searched in steps of a quarter of an hour, the granularity of time zones, because a local hour may be missing or
    occur twice.
    """
    while hours and hours.start != hours.end and is_quiet(moment.astimezone(zone).hour, hours):
        moment = moment.astimezone(UTC)
        moment = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0) + timedelta(minutes=15)
    return moment


def is_quiet(hour: int, hours: QuietHours) -> bool:
    if hours.start < hours.end:
        return hours.start <= hour < hours.end
    return hour >= hours.start or hour < hours.end


def time_to_answer(policy: ApprovalPolicy) -> timedelta:
    """Time from the moment the reviewers are asked."""
    return min(timedelta(hours=policy.timeout_hours), LINK_LIFETIME)


def gives_more_time(approval: Approval, policy: ApprovalPolicy) -> bool:
    """Whether the policy extends the time; it does so once."""
    return not approval.extended and policy.on_timeout in (OnTimeout.EXTEND, OnTimeout.ESCALATE)


def with_more_time(approval: Approval, policy: ApprovalPolicy, now: datetime) -> Approval:
    """Everybody who has not answered is to get a new link for the extended time. Revoked links stay revoked."""
    changed = approval.model_copy(
        update={"extended": True, "expires_at": now + timedelta(hours=policy.timeout_hours)},
    )
    for reviewer in approval.silent():
        if not reviewer.revoked:
            changed = changed.with_reviewer(reviewer.email, **NEVER_MAILED)
    if policy.on_timeout is not OnTimeout.ESCALATE:
        return changed
    known = {reviewer.email.lower() for reviewer in approval.reviewers}  # a manager may have asked them already
    added = tuple(
        Reviewer(email=email, nonce_hash="", stage=approval.stage, escalated=True)
        for email in policy.escalate_to
        if email.lower() not in known
    )
    # From now on the first answer counts, whoever gives it.
    return changed.model_copy(update={"reviewers": (*changed.reviewers, *added), "quorum": Quorum.ONE})


def asked_again(approval: Approval, policy: ApprovalPolicy, now: datetime) -> Approval:
    """A request that had ended, opened again because a person retries the campaign: its time starts now.

    Answers are kept. Everybody else gets a new link for the new time; revoked links stay revoked. Reviewers who were
    added by the timeout policy are not asked until it applies again.
    """
    escalated = [reviewer for reviewer in approval.silent() if reviewer.escalated]
    taken_back = [kept for r in escalated for kept in (r.nonce_hash, *r.earlier_hashes) if kept]
    changed = approval.model_copy(
        update={
            "asked_again_at": now,
            "expires_at": now + time_to_answer(policy),
            "extended": False,
            "reminders": 0,
            "reviewers": tuple(reviewer for reviewer in approval.reviewers if reviewer not in escalated),
            "revoked_hashes": (*approval.revoked_hashes, *taken_back),
        }
    )
    if escalated:
        quorum = policy.quorum if approval.stage == 1 else approval.next_quorum
        changed = changed.model_copy(update={"quorum": quorum})
    for reviewer in changed.silent():
        if not reviewer.revoked:
            changed = changed.with_reviewer(reviewer.email, **NEVER_MAILED)
    return changed


def with_refused_mailed_again(approval: Approval) -> Approval:
    """Reviewers whose mail was refused are mailed again: the reason for the refusal may be gone by now."""
    for reviewer in approval.silent():
        if reviewer.mail is MailState.REFUSED and not reviewer.revoked:
            approval = approval.with_reviewer(reviewer.email, **NEVER_MAILED)
    return approval


def decision_for(policy: ApprovalPolicy, now: datetime) -> MadeDecision:
    """The decision if nobody answers and the time is not extended."""
    decision = Decision.APPROVED if policy.on_timeout is OnTimeout.APPROVE else Decision.REJECTED
    return MadeDecision(decision=decision, comments="", decided_by=POLICY, decided_at=now, expired=True)
