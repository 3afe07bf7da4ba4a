"""Status changes of a campaign, when every step may be delivered more than once."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Unpack

from lambdas.domain.campaign_changes import OtherChanges
from lambdas.domain.errors import ConflictError
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import CampaignStatus, PostCounts
from lambdas.ports.stores import CampaignKey, CampaignStore

BUILD_ROAD = (
    CampaignStatus.QUEUED,
    CampaignStatus.PLANNING,
    CampaignStatus.GENERATING,
    CampaignStatus.AWAITING_APPROVAL,
    CampaignStatus.APPROVED,
    CampaignStatus.SCHEDULED,
    CampaignStatus.RUNNING,
    CampaignStatus.COMPLETED,
)
"""The statuses of a campaign that succeeds, in order."""

BUILDING = (
    CampaignStatus.QUEUED,
    CampaignStatus.PLANNING,
    CampaignStatus.GENERATING,
    CampaignStatus.AWAITING_APPROVAL,
    CampaignStatus.NEEDS_REVISION,
)
"""Statuses in which BUILD is working."""

TERMINAL = frozenset(
    {
        CampaignStatus.COMPLETED,
        CampaignStatus.REJECTED,
        CampaignStatus.EXPIRED,
        CampaignStatus.FAILED,
        CampaignStatus.STOPPED,
        CampaignStatus.DELETING,
    }
)


def advance(
    campaigns: CampaignStore,
    key: CampaignKey,
    to: CampaignStatus,
    *,
    came_from: Sequence[CampaignStatus],
    at: datetime,
    result: Model | None = None,
    **changes: Unpack[OtherChanges],
) -> CampaignStatus:
    """Change a campaign's status to ``to`` and return its status; a repeat finds it there or further on and changes
    nothing.

    ``result``: see ``CampaignStore.change``; pass it if this is the step's last write. Raises ``ConflictError`` if the
    campaign's status is not in this sequence (stopped, failed, …), and ``NotFoundError``.
    """
    try:
        campaigns.change(key, expected=came_from, at=at, result=result, status=to, **changes)
    except ConflictError as error:
        status = CampaignStatus(error.details["status"])
        if has_reached(status, to):
            return status
        raise
    return to


def has_reached(status: CampaignStatus, milestone: CampaignStatus) -> bool:
    """Whether ``status`` is ``milestone`` or comes after it in the sequence."""
    return status in BUILD_ROAD and BUILD_ROAD.index(status) >= BUILD_ROAD.index(milestone)


def count_posts(key: CampaignKey, counts: PostCounts, campaigns: CampaignStore, at: datetime) -> None:
    """Put the posts' counts on the campaign's record while it waits for approval: a post was dropped, or put back."""
    with suppress(ConflictError):  # the campaign has ended meanwhile, or goes on, and keeps its own counts
        campaigns.change(key, expected=[CampaignStatus.AWAITING_APPROVAL], at=at, counts=counts)
