"""The names of BUILD's states, in the order a campaign goes through them.

One name per step everywhere: state, folder, Lambda, metric dimension and checkpoint.
"""

from typing import Final

VALIDATE_CAMPAIGN: Final = "ValidateCampaign"
SAVE_CAMPAIGN: Final = "SaveCampaign"
PLAN_POSTS: Final = "PlanPosts"
GENERATE_POSTS: Final = "GeneratePosts"
AGGREGATE_RESULTS: Final = "AggregateResults"
REQUEST_APPROVAL: Final = "RequestApproval"
COMPLETE_CAMPAIGN: Final = "CompleteCampaign"

BUILD_STEPS: Final = (
    VALIDATE_CAMPAIGN,
    SAVE_CAMPAIGN,
    PLAN_POSTS,
    GENERATE_POSTS,
    AGGREGATE_RESULTS,
    REQUEST_APPROVAL,
    COMPLETE_CAMPAIGN,
)
