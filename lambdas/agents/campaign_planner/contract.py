"""Input and output of the campaign planner (seed 001, "Agent Input/Output Contracts")."""

from typing import Annotated

from pydantic import Field, StringConstraints

from lambdas.agents.intents import Intent
from lambdas.domain.ids import CampaignIdField, PersonaIdField, TenantIdField
from lambdas.domain.models.base import Model
from lambdas.domain.models.brand import Brand, EmojiPolicy, Persona
from lambdas.domain.models.campaign import CampaignBrief
from lambdas.domain.models.post import PlannedPost
from lambdas.domain.platforms import Platform


class PlatformConfig(Model):
    """What applies to every post on one platform."""

    persona_ids: tuple[PersonaIdField, ...]
    hashtags: tuple[str, ...] = ()
    disclaimers: tuple[str, ...] = ()
    utm_source: str


class MergedConfig(Model):
    """Brand and personas combined (by ``lambdas.agents.inputs.merged_config``)."""

    language: str
    time_zone: str
    tone: tuple[str, ...]
    emoji_policy: EmojiPolicy
    banned_words: tuple[str, ...] = ()
    platforms: dict[Platform, PlatformConfig]


class PlannerInput(Model):
    tenant_id: TenantIdField
    campaign_id: CampaignIdField
    campaign: CampaignBrief
    brand_config: Brand
    persona_configs: Annotated[tuple[Persona, ...], Field(min_length=1)]
    merged_config: MergedConfig
    attempt: Annotated[int, Field(ge=0)] = 0
    """The number of the workflow's attempt, from 0."""


class PlanSummary(Model):
    """Counts by platform and by persona id; each adds up to ``totalPosts``."""

    total_posts: int
    posts_per_platform: dict[Platform, int]
    posts_per_persona: dict[PersonaIdField, int]


class PlannerResult(Model):
    plan_summary: PlanSummary
    posts: tuple[PlannedPost, ...]


class Topic(Model):
    """An idea for a post, as a model proposes it."""

    intent: Intent
    message: Annotated[int, Field(ge=0)] = 0
    """The number of the statement it is about; 0 where the model did not say."""
    topic: Annotated[str, StringConstraints(min_length=3, max_length=400)]
    """One line, in the campaign's language."""
    visual: Annotated[str, StringConstraints(max_length=500)] = ""
    """What a picture or video for it would show."""


class TopicList(Model):
    """What the model is asked for when planning."""

    topics: tuple[Topic, ...]
