"""Plans a campaign's posts: persona, topic, platform, time and intent of each."""

from lambdas.agents.campaign_planner.agent import run

__all__ = ["run"]
