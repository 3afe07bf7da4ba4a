"""How a campaign moves from status to status when every step may be delivered more than once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from lambdas.domain.campaign_changes import OtherChanges
from lambdas.domain.errors import ConflictError
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import CampaignStatus
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
"""The way a campaign goes when nothing goes wrong."""

BUILDING = (
    CampaignStatus.QUEUED,
    CampaignStatus.PLANNING,
    CampaignStatus.GENERATING,
    CampaignStatus.AWAITING_APPROVAL,
    CampaignStatus.NEEDS_REVISION,
)
"""Statuses in which BUILD is at work."""

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
    """Move a campaign to ``to`` and answer its status; a repeat finds it there or further and changes nothing.

    ``result`` as ``CampaignStore.change`` has it: this is the step's last write.
    Raises ``ConflictError`` when the campaign has left the road (stopped, failed, …), ``NotFoundError``.
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
    """Whether a campaign in ``status`` is at ``milestone`` or beyond it on the road."""
    return status in BUILD_ROAD and BUILD_ROAD.index(status) >= BUILD_ROAD.index(milestone)
