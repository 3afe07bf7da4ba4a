"""What a tenant said in its last campaigns, which the next ones must not say again."""

from collections.abc import Sequence
from typing import Self

from lambdas.domain.ids import CampaignId, CampaignIdField
from lambdas.domain.models.base import Model

CAMPAIGNS = 3
"""Texts are kept of a tenant's newest approved campaigns, so many."""
MAX_TEXTS = 200
"""Of all of them together, shared evenly. Each new post is compared with all of them."""


class RecentCampaign(Model):
    """The first texts of one approved campaign, in plan order."""

    campaign_id: CampaignIdField
    texts: tuple[str, ...]


class RecentCampaigns(Model):
    """The newest campaign first. Ids begin with the time, so an id that is greater is of a newer campaign.

    Adding the same campaigns comes to the same whatever the order, and however often.
    """

    campaigns: tuple[RecentCampaign, ...] = ()

    def added(self, campaign_id: CampaignId, texts: Sequence[str]) -> Self:
        """With this campaign's texts in the place of those it had; nothing changes for one that is too old, or that
        has no texts."""
        if not texts:
            return self
        others = [campaign for campaign in self.campaigns if campaign.campaign_id != campaign_id]
        every = [RecentCampaign(campaign_id=campaign_id, texts=tuple(texts)), *others]
        newest = sorted(every, key=lambda campaign: campaign.campaign_id, reverse=True)[:CAMPAIGNS]
        share = MAX_TEXTS // len(newest)
        cut = [campaign.model_copy(update={"texts": campaign.texts[:share]}) for campaign in newest]
        return self.model_copy(update={"campaigns": tuple(cut)})

    def without(self, campaign_id: CampaignId) -> Self:
        """What others give up for it stays cut: their texts are read when they are approved, and not again."""
        others = tuple(campaign for campaign in self.campaigns if campaign.campaign_id != campaign_id)
        return self.model_copy(update={"campaigns": others})

    def texts_for(self, campaign_id: CampaignId) -> list[str]:
        """What that campaign must not repeat: all but its own."""
        return [text for campaign in self.campaigns if campaign.campaign_id != campaign_id for text in campaign.texts]
