"""Going on with a campaign in a new execution, which skips what is done.

Used by the reconciler, which finds out that it is necessary, and by ``POST /campaigns/{id}/retry``.
"""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import NamedTuple

from lambdas.core.active import ActiveCampaign, ActiveList
from lambdas.core.claims import under_claims
from lambdas.core.errors import ConflictError, FieldError, InvalidInputError
from lambdas.core.executions import Executions, next_name
from lambdas.core.ids import CampaignKey
from lambdas.core.models.campaign import Campaign, CampaignStatus
from lambdas.core.models.post import Post, PostStatus
from lambdas.core.models.workflow import BuildInput
from lambdas.core.paging import every
from lambdas.core.ports import ApprovalStore, CampaignStore, Clock, PostStore
from lambdas.core.steps import (
    AGGREGATE_RESULTS,
    GENERATE_POSTS,
    PLAN_POSTS,
    REQUEST_APPROVAL,
    SAVE_CAMPAIGN,
    VALIDATE_CAMPAIGN,
)

STATUS_BEFORE = {
    VALIDATE_CAMPAIGN: CampaignStatus.QUEUED,
    SAVE_CAMPAIGN: CampaignStatus.QUEUED,
    PLAN_POSTS: CampaignStatus.PLANNING,
    GENERATE_POSTS: CampaignStatus.GENERATING,
    AGGREGATE_RESULTS: CampaignStatus.GENERATING,
    REQUEST_APPROVAL: CampaignStatus.GENERATING,
}
"""Where a campaign has to be for an execution to begin its work with that step."""

INTERRUPTED = (PostStatus.GENERATING,)
UNWRITTEN = (PostStatus.GENERATING, PostStatus.FAILED)


class RecoveryPorts(NamedTuple):
    campaigns: CampaignStore
    posts: PostStore
    approvals: ApprovalStore
    executions: Executions
    active: ActiveList
    clock: Clock


def start_again(campaign: Campaign, ports: RecoveryPorts) -> Campaign:
    """Give the campaign its next execution and put that on its record.

    Two who do so at once start one: the name follows from the record. Dying in between leaves a record that still
    names the dead execution, and whoever comes next finds the new one under the same name.
    """
    key = CampaignKey(campaign.tenant_id, campaign.campaign_id)
    event = BuildInput(
        tenant_id=campaign.tenant_id, campaign_id=campaign.campaign_id, correlation_id=campaign.correlation_id
    )
    last = campaign.execution_arn or _unrecorded(campaign, ports.executions)
    arn = ports.executions.start(event, next_name(campaign.campaign_id, last))
    return ports.campaigns.update(key, expected=tuple(CampaignStatus), at=ports.clock.now(), execution_arn=arn)


def decided_again(campaign: Campaign, ports: RecoveryPorts) -> Campaign:
    """A campaign whose execution died over a revision goes back to the decision that asked for it.

    That decision is on record, so the next execution is given it instead of asking, and RevisePosts goes on with
    the posts where it stopped. Any other campaign stays as it is.
    """
    if campaign.status is not CampaignStatus.NEEDS_REVISION:
        return campaign
    return ports.campaigns.update(
        CampaignKey(campaign.tenant_id, campaign.campaign_id),
        expected=[CampaignStatus.NEEDS_REVISION],
        status=CampaignStatus.AWAITING_APPROVAL,
        revision=max(0, campaign.revision - 1),
        at=ports.clock.now(),
    )


def _unrecorded(campaign: Campaign, executions: Executions) -> str | None:
    """The first execution, where it ran and is over and the submission died before it was put on the record."""
    arn = executions.arn_of(campaign.campaign_id)
    found = executions.describe(arn)
    return arn if found and not found.is_live else None


def reopen(key: CampaignKey, posts: PostStore, statuses: Sequence[PostStatus]) -> int:
    """Put posts in one of ``statuses`` back to ``planned`` and answer how many.

    The execution that claimed them is dead. Should a worker of it still be writing, its result is refused, since
    the post's version is another by then; a completed post is never touched.
    """
    return write_by_batch(key, posts, lambda post: post.status in statuses, posts.reopen)


def write_by_batch(
    key: CampaignKey,
    posts: PostStore,
    chosen: Callable[[Post], bool],
    write: Callable[[CampaignKey, int, list[Post]], list[Post]],
) -> int:
    """Write the ``chosen`` posts of a campaign batch by batch and answer how many were written."""
    found = [post for post in under_claims(every(posts, key), posts.claims(key)) if chosen(post)]
    found.sort(key=lambda post: (post.batch_id, post.index))
    groups = groupby(found, key=lambda post: post.batch_id)
    return sum(len(write(key, batch_id, list(group))) for batch_id, group in groups)


def retry(key: CampaignKey, step: str | None, ports: RecoveryPorts) -> Campaign:
    """Try again, from ``step`` or, when there is none, with the posts that failed.

    A failed campaign may be tried again; one that waits for approval may have its failed posts written again, for
    which its open question is withdrawn. Raises ``ConflictError``, ``InvalidInputError`` and ``NotFoundError``.
    """
    campaign = ports.campaigns.get(key)
    allowed = (CampaignStatus.FAILED,) if step else (CampaignStatus.FAILED, CampaignStatus.AWAITING_APPROVAL)
    if campaign.status not in allowed:
        raise ConflictError(f"the campaign is {campaign.status.value}", details={"status": campaign.status.value})
    to = _status_for(step, campaign)
    if campaign.execution_arn:
        ports.executions.stop(campaign.execution_arn, "retried by hand")
    for approval in ports.approvals.all(key):
        ports.approvals.close(key, approval.callback_id)
    # First on the list: whatever breaks from here on, the reconciler finds a campaign that should be running.
    ports.active.put(ActiveCampaign(tenant_id=key.tenant_id, campaign_id=key.campaign_id))
    moved = ports.campaigns.update(key, expected=[campaign.status], status=to, at=ports.clock.now(), error=None)
    reopen(key, ports.posts, INTERRUPTED if step else UNWRITTEN)
    return start_again(moved, ports)


def _status_for(step: str | None, campaign: Campaign) -> CampaignStatus:
    """Raises for a step that the campaign never reached: what comes before it has to be there."""
    if step is not None and step not in STATUS_BEFORE:
        names = ", ".join(STATUS_BEFORE)
        raise InvalidInputError(f"step: one of {names}", errors=[FieldError("step", f"one of {names}")])
    to = STATUS_BEFORE[step or GENERATE_POSTS]
    reached = (
        CampaignStatus.GENERATING
        if campaign.counts.total
        else CampaignStatus.PLANNING
        if campaign.is_configured
        else CampaignStatus.QUEUED
    )
    order = (CampaignStatus.QUEUED, CampaignStatus.PLANNING, CampaignStatus.GENERATING)
    if order.index(to) > order.index(reached):
        raise ConflictError(
            f"the campaign never came to {step or GENERATE_POSTS}; retry it from an earlier step",
            details={"reached": reached.value},
        )
    return to
