"""Plans a campaign's posts: who says what, where, when and what for."""

from lambdas.agents.campaign_planner.agent import run

__all__ = ["run"]
