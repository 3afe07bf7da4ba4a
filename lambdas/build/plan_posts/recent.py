"""What the tenant said last, for the new campaign not to say it again."""

from lambdas.domain.ids import CampaignKey
from lambdas.ports.stores import CampaignStore, PostStore

CAMPAIGNS = 3
"""Of so many campaigns before, those with posts."""
LOOKED_AT = 20
"""Campaigns read to find them: a tenant's last twenty may all have failed, and then nothing was said."""
MAX_TEXTS = 200
"""Shared evenly by the campaigns. Each post is compared with all of them."""


def recent_texts(key: CampaignKey, campaigns: CampaignStore, posts: PostStore) -> list[str]:
    """Texts of the tenant's last campaigns, the newest campaign's first.

    Reads at most ``LOOKED_AT`` campaigns and ``MAX_TEXTS`` posts, all of them of the campaign's own tenant.
    """
    before = [
        CampaignKey(key.tenant_id, campaign.campaign_id)
        for campaign in campaigns.page(key.tenant_id, LOOKED_AT).items
        if campaign.campaign_id != key.campaign_id and campaign.counts.completed
    ][:CAMPAIGNS]
    return [
        post.content.text
        for campaign in before
        for post in posts.page(campaign, MAX_TEXTS // len(before)).items
        if post.content
    ]
