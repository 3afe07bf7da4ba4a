"""The progress of a campaign, computed from its checkpoints and posts."""

from collections.abc import Sequence
from datetime import datetime

from lambdas.domain.models.base import Model, Moment
from lambdas.domain.models.campaign import Campaign, CampaignStatus, PostCounts
from lambdas.domain.models.checkpoint import (
    AGGREGATE_RESULTS,
    BUILD_STEPS,
    GENERATE_POSTS,
    PLAN_POSTS,
    REQUEST_APPROVAL,
    SAVE_CAMPAIGN,
    Checkpoint,
    StepOutcome,
)
from lambdas.services.lifecycle import BUILDING, has_reached


class Progress(Model):
    """Body of ``GET /campaigns/{id}/progress``."""

    status: CampaignStatus
    current_step: str | None
    """``None`` if all steps are done."""
    completed_steps: tuple[str, ...]
    remaining_steps: tuple[str, ...]
    progress_percentage: int
    """0 to 100."""
    posts: PostCounts
    needs_person: int
    """Posts of which the last revision left something to a person."""
    started_at: Moment
    elapsed_seconds: float
    """Until now, or until the campaign ended."""


_MOVED_BY = {
    SAVE_CAMPAIGN: CampaignStatus.PLANNING,
    PLAN_POSTS: CampaignStatus.GENERATING,
    AGGREGATE_RESULTS: CampaignStatus.AWAITING_APPROVAL,
}
"""Statuses that a campaign can only have once the step is done."""

_ANSWERED = frozenset({CampaignStatus.REJECTED, CampaignStatus.EXPIRED})
"""Decisions that end the wait without an approval."""
_REVISING = frozenset({CampaignStatus.NEEDS_REVISION, CampaignStatus.GENERATING})


def progress_of(campaign: Campaign, checkpoints: Sequence[Checkpoint], posts: PostCounts, *, now: datetime) -> Progress:
    over = campaign.status not in BUILDING
    completed = _completed(campaign, checkpoints, posts)
    remaining = tuple(step for step in BUILD_STEPS if step not in completed)
    end = campaign.updated_at if over else now
    return Progress(
        status=campaign.status,
        current_step=None if over or not remaining else remaining[0],
        completed_steps=completed,
        remaining_steps=remaining,
        progress_percentage=_percentage(completed, posts),
        posts=posts,
        needs_person=campaign.needs_person,
        started_at=campaign.created_at,
        elapsed_seconds=round(max(0.0, (end - campaign.created_at).total_seconds()), 3),
    )


def _completed(campaign: Campaign, checkpoints: Sequence[Checkpoint], posts: PostCounts) -> tuple[str, ...]:
    """The finished steps, in order: up to the last one that is known to be finished.

    Two steps are not finished when their checkpoint says so. GeneratePosts runs as many batches, each of which succeeds
    on its own; it is finished with its last post. RequestApproval first sends its links and then waits; it is finished
    with the decision.
    """
    if _is_built(campaign.status):
        return BUILD_STEPS
    if campaign.revision and campaign.status in _REVISING:
        return BUILD_STEPS[: BUILD_STEPS.index(GENERATE_POSTS)]  # their checkpoints may be from the last round
    done = {c.step_name for c in checkpoints if c.outcome is StepOutcome.SUCCEEDED}
    # A step that died after it had changed the status has done its work.
    done |= {step for step, status in _MOVED_BY.items() if has_reached(campaign.status, status)}
    if AGGREGATE_RESULTS not in done:
        done.discard(GENERATE_POSTS)
        if 0 < posts.total <= posts.completed + posts.failed + posts.dropped:
            done.add(GENERATE_POSTS)
    done.discard(REQUEST_APPROVAL)
    if campaign.status in _ANSWERED:
        done.add(REQUEST_APPROVAL)
    last = max((index for index, step in enumerate(BUILD_STEPS) if step in done), default=-1)
    return BUILD_STEPS[: last + 1]


def _is_built(status: CampaignStatus) -> bool:
    return status is CampaignStatus.PAUSED or has_reached(status, CampaignStatus.APPROVED)


def _percentage(completed: Sequence[str], posts: PostCounts) -> int:
    """Each step has the same weight; within GeneratePosts, each post has."""
    done = float(len(completed))
    if GENERATE_POSTS not in completed and posts.total:
        done += min(1.0, (posts.completed + posts.failed + posts.dropped) / posts.total)
    return min(100, int(100 * done / len(BUILD_STEPS)))
