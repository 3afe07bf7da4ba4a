"""Continuing a campaign in a new execution, which skips what is finished.

Used by the reconciler, which detects that this is necessary, and by ``POST /campaigns/{id}/retry``.
"""

from collections.abc import Callable
from datetime import datetime
from itertools import groupby
from typing import Unpack

from lambdas.domain.batch_lease import alive_until, under_claims
from lambdas.domain.campaign_changes import CampaignChanges
from lambdas.domain.errors import ConflictError, FieldError, InvalidInputError
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.active import SOON, active
from lambdas.domain.models.campaign import Campaign, CampaignStatus, PostCounts
from lambdas.domain.models.checkpoint import (
    AGGREGATE_RESULTS,
    GENERATE_POSTS,
    PLAN_POSTS,
    REQUEST_APPROVAL,
    SAVE_CAMPAIGN,
    VALIDATE_CAMPAIGN,
)
from lambdas.domain.models.post import Post, PostStatus
from lambdas.domain.models.workflow import BuildInput, Decision
from lambdas.ports.bundle import Ports
from lambdas.ports.engine import Engine, name_before, name_of, next_name
from lambdas.ports.paging import every
from lambdas.ports.stores import ApprovalStore, PostStore

STATUS_BEFORE = {
    VALIDATE_CAMPAIGN: CampaignStatus.QUEUED,
    SAVE_CAMPAIGN: CampaignStatus.QUEUED,
    PLAN_POSTS: CampaignStatus.PLANNING,
    GENERATE_POSTS: CampaignStatus.GENERATING,
    AGGREGATE_RESULTS: CampaignStatus.GENERATING,
    REQUEST_APPROVAL: CampaignStatus.GENERATING,
}
"""The status that a campaign must have for an execution to begin with that step."""


def replace_execution(campaign: Campaign, ports: Ports, **changes: Unpack[CampaignChanges]) -> Campaign:
    """Store the name of the campaign's next execution, together with ``changes``, in one conditional write.

    From then on the previous execution is superseded, and what it still does is refused. ``begin`` starts the new one.
    If two callers replace the same execution, one succeeds and the other raises ``ConcurrentUpdateError`` or, if the
    status changed too, ``ConflictError``. If an execution was named and never started, whoever notices starts it under
    that name.
    """
    last = current_execution(campaign, ports.engine)
    following: CampaignChanges = {**changes, "execution_arn": ports.engine.arn_of(next_name(last))}
    return ports.campaigns.update(
        campaign.key, expected=[campaign.status], of_execution=last, at=ports.clock.now(), **following
    )


def begin(campaign: Campaign, ports: Ports) -> datetime | None:
    """Start the execution that the record names, once no worker of the previous one can still be writing posts.

    Returns until when one may, or ``None`` if the execution was started. StartExecution with the name of a running
    execution returns that execution, and with the name of an ended one an error, so nothing is started twice
    (docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
    """
    arn = current_execution(campaign, ports.engine)
    before = name_before(name_of(arn))
    if before:
        ports.engine.stop(ports.engine.arn_of(before), "another execution took its place")
    key = campaign.key
    until = wait_for_writers(key, ports.posts, ports.clock.now())
    if until:
        return until
    event = BuildInput(tenant_id=key.tenant_id, campaign_id=key.campaign_id, correlation_id=campaign.correlation_id)
    ports.engine.start(event, name_of(arn))
    if campaign.execution_arn is None:
        every_status = tuple(CampaignStatus)
        ports.campaigns.update(key, expected=every_status, of_execution=arn, at=ports.clock.now(), execution_arn=arn)
    return None


def current_execution(campaign: Campaign, engine: Engine) -> str:
    """The execution that the record names; if it names none, the first, which a submission is about to start."""
    return campaign.execution_arn or engine.arn_of(campaign.campaign_id)


def before_revision(campaign: Campaign) -> CampaignChanges:
    """Changes that return a campaign, whose execution died during a revision, to the decision that asked for the
    revision.

    That decision is stored, so the next execution gets it without asking again, and RevisePosts continues with the
    posts where it stopped. Any other campaign is not changed.
    """
    if campaign.status is not CampaignStatus.NEEDS_REVISION:
        return {}
    return {"status": CampaignStatus.AWAITING_APPROVAL, "revision": max(0, campaign.revision - 1)}


def wait_for_writers(key: CampaignKey, posts: PostStore, now: datetime) -> datetime | None:
    """Until when a worker that holds a batch with unwritten posts may still store texts; ``None`` if there is none.

    Stopping an execution does not stop the functions it has invoked, so they may go on for a while. When no such worker
    can be left, the batches that are still claimed are released.
    """
    held = {batch_id: claim for batch_id, claim in posts.claims(key).items() if claim.expires_at > now}
    if not held:
        return None
    unwritten = {p.batch_id for p in under_claims(every(posts, key), held) if p.status is PostStatus.GENERATING}
    alive = [until for batch_id in unwritten if (until := alive_until(held[batch_id])) > now]
    if alive:
        return max(alive)
    for batch_id, claim in held.items():
        posts.release(key, batch_id, claim)
    return None


def release_all(key: CampaignKey, posts: PostStore) -> None:
    """For claims whose workers are known to be dead, so that nobody has to wait. A newer claim is not released."""
    for batch_id, claim in posts.claims(key).items():
        posts.release(key, batch_id, claim)


def write_by_batch(
    key: CampaignKey,
    posts: PostStore,
    chosen: Callable[[Post], bool],
    write: Callable[[CampaignKey, int, list[Post]], list[Post]],
) -> int:
    """Write the ``chosen`` posts of a campaign batch by batch, and return how many were written."""
    found = [post for post in under_claims(every(posts, key), posts.claims(key)) if chosen(post)]
    found.sort(key=lambda post: (post.batch_id, post.index))
    groups = groupby(found, key=lambda post: post.batch_id)
    return sum(len(write(key, batch_id, list(group))) for batch_id, group in groups)


def retry(key: CampaignKey, step: str | None, ports: Ports) -> Campaign:
    """Try again, from ``step`` or, if it is ``None``, with the posts that failed.

    A failed campaign can be retried. A campaign that waits for approval can have its failed posts written again; its
    open request is withdrawn for that. From ValidateCampaign and SaveCampaign on, the brand and the personas are read
    again, unless posts that were written with them are approved, and the failed posts are written with the new ones. If
    posts are still being written for the previous execution, the new one starts as soon as that has ended.

    Raises ``ConflictError``, ``InvalidInputError`` and ``NotFoundError``.
    """
    campaign = ports.campaigns.get(key)
    allowed = (CampaignStatus.FAILED,) if step else (CampaignStatus.FAILED, CampaignStatus.AWAITING_APPROVAL)
    if campaign.status not in allowed:
        raise ConflictError(f"the campaign is {campaign.status.value}", details={"status": campaign.status.value})
    if campaign.status is CampaignStatus.AWAITING_APPROVAL and _all_written(ports.posts.count(key)):
        raise ConflictError("no post failed", details={"status": campaign.status.value})
    changes: CampaignChanges = {"status": _status_for(step, campaign), "error": None}
    if step in (VALIDATE_CAMPAIGN, SAVE_CAMPAIGN) and not _was_approved(campaign, ports.approvals):
        changes["configuration"] = None
    # Put it on the due index first: whatever fails from here on, the reconciler finds a campaign that should be
    # running.
    now = ports.clock.now()
    ports.active.look_at(active(key), now + SOON, now)
    if not step or "configuration" in changes:
        # Before the execution is replaced: if this function dies, whoever starts the next one finds the posts reopened.
        wait_for_writers(key, ports.posts, now)  # so that the batches are free, whose workers have ended
        write_by_batch(key, ports.posts, lambda post: post.status is PostStatus.FAILED, ports.posts.reopen)
    moved = replace_execution(campaign, ports, **changes)
    for approval in ports.approvals.all(key):
        ports.approvals.close(key, approval.callback_id)
    until = begin(moved, ports)
    if until:
        ports.active.look_at(active(key), until, now)
    return moved


def step_that_failed(campaign: Campaign) -> str:
    """The step at which a failed campaign continues if none is named; the furthest it reached, if an execution cannot
    begin with the one that failed or that one is unknown."""
    failed = campaign.error.step if campaign.error else None
    return failed if failed in STATUS_BEFORE else _FURTHEST[_reached(campaign)]


_FURTHEST = {
    CampaignStatus.QUEUED: VALIDATE_CAMPAIGN,
    CampaignStatus.PLANNING: PLAN_POSTS,
    CampaignStatus.GENERATING: GENERATE_POSTS,
}


def _all_written(counts: PostCounts) -> bool:
    """Whether no post has failed or is still to be written, by a retry that died half-way."""
    return counts.completed + counts.dropped == counts.total


def _was_approved(campaign: Campaign, approvals: ApprovalStore) -> bool:
    decisions = [approval.decision.decision for approval in approvals.all(campaign.key) if approval.decision]
    return campaign.approved_content_hash is not None or Decision.APPROVED in decisions


def _status_for(step: str | None, campaign: Campaign) -> CampaignStatus:
    """Raises for a step that the campaign never reached: the results of earlier steps must exist."""
    if step is not None and step not in STATUS_BEFORE:
        names = ", ".join(STATUS_BEFORE)
        raise InvalidInputError(f"step: one of {names}", errors=[FieldError("step", f"one of {names}")])
    to = STATUS_BEFORE[step or GENERATE_POSTS]
    reached, order = _reached(campaign), tuple(_FURTHEST)
    if order.index(to) > order.index(reached):
        raise ConflictError(
            f"the campaign never came to {step or GENERATE_POSTS}; retry it from an earlier step",
            details={"reached": reached.value},
        )
    return to


def _reached(campaign: Campaign) -> CampaignStatus:
    if campaign.counts.total:
        return CampaignStatus.GENERATING
    return CampaignStatus.PLANNING if campaign.is_configured else CampaignStatus.QUEUED
