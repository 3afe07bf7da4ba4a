"""How a campaign moves from status to status when every step may be delivered more than once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Unpack

from lambdas.domain.campaign_changes import OtherChanges
from lambdas.domain.errors import ConflictError
from lambdas.domain.models.campaign import Campaign, CampaignStatus
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
    }
)


def advance(
    campaigns: CampaignStore,
    key: CampaignKey,
    to: CampaignStatus,
    *,
    came_from: Sequence[CampaignStatus],
    at: datetime,
    **changes: Unpack[OtherChanges],
) -> Campaign:
    """Move a campaign to ``to``; a repeat finds it there or further and changes nothing.

    Raises ``ConflictError`` when the campaign has left the road (stopped, failed, …), ``NotFoundError``.
    """
    try:
        return campaigns.update(key, expected=came_from, at=at, status=to, **changes)
    except ConflictError:
        campaign = campaigns.get(key)
        if has_reached(campaign.status, to):
            return campaign
        raise


def has_reached(status: CampaignStatus, milestone: CampaignStatus) -> bool:
    """Whether a campaign in ``status`` is at ``milestone`` or beyond it on the road."""
    return status in BUILD_ROAD and BUILD_ROAD.index(status) >= BUILD_ROAD.index(milestone)
