"""The texts of a tenant's last campaigns, which its next ones must not repeat."""

from collections.abc import Sequence
from typing import Self

from lambdas.domain.ids import CampaignId, CampaignIdField
from lambdas.domain.models.base import Model

CAMPAIGNS = 3
"""Number of the tenant's newest approved campaigns whose texts are kept."""
MAX_TEXTS = 200
"""Maximum number of texts of all of them together, divided evenly. Each new post is compared with all of them."""


class RecentCampaign(Model):
    """The first texts of one approved campaign, in plan order."""

    campaign_id: CampaignIdField
    texts: tuple[str, ...]


class RecentCampaigns(Model):
    """The newest campaign first. Ids begin with the time, so a greater id means a newer campaign.

    The result does not depend on the order in which campaigns are added, or on how often.
    """

    campaigns: tuple[RecentCampaign, ...] = ()

    def added(self, campaign_id: CampaignId, texts: Sequence[str]) -> Self:
        """With this campaign's texts, replacing earlier ones of the same campaign; unchanged for a campaign that is too
        old or has no texts."""
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
        """The texts that the campaign must not repeat: all except its own."""
        return [text for campaign in self.campaigns if campaign.campaign_id != campaign_id for text in campaign.texts]
