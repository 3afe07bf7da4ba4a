"""Agents' inputs built from the tenants and briefs that come with the project."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lambdas.agents.inputs import generator_input, planner_input
from lambdas.domain.ids import CampaignId, CorrelationId, TenantId, post_id_for
from lambdas.domain.models.brand import Brand, BrandConfig, Configuration, Persona, PersonaConfig
from lambdas.domain.models.campaign import Campaign, CampaignBrief, CampaignStatus
from lambdas.domain.models.post import PlannedPost, Post
from lambdas.domain.platforms import Platform

ROOT = Path(__file__).parents[2]
SEEDS = ROOT / "local" / "seed"
EXAMPLES = ROOT / "examples"
EXAMPLE_NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/campaign.json"))
TENANT = TenantId("acme")
CAMPAIGN_ID = CampaignId("01KJQ0000000000000000000B1")
NOW = datetime(2027, 1, 4, 9, tzinfo=UTC)
ALL_PLATFORMS = [platform.value for platform in Platform]


def seed_of(tenant: str) -> dict[str, dict[str, Any]]:
    data: dict[str, dict[str, Any]] = json.loads((SEEDS / f"{tenant}.json").read_text())
    return data


def example(name: str) -> dict[str, Any]:
    wire: dict[str, Any] = json.loads((EXAMPLES / name / "campaign.json").read_text())
    return wire


def configuration(brief: CampaignBrief, **brand_changes: Any) -> Configuration:
    """The brand and personas the brief names, from acme's seed. ``brand_changes`` are camelCase."""
    seed = seed_of(TENANT)
    brand = BrandConfig.from_wire(seed["brands"][brief.brand_id] | brand_changes)
    personas = {name: PersonaConfig.from_wire(seed["personas"][name]) for name in brief.persona_ids}
    return Configuration(
        brand=Brand(brand_id=brief.brand_id, version=3, **brand.model_dump()),
        personas=tuple(Persona(persona_id=n, version=2, **p.model_dump()) for n, p in personas.items()),
    )


def campaign(wire: dict[str, Any], campaign_id: CampaignId = CAMPAIGN_ID) -> Campaign:
    return Campaign(
        tenant_id=TENANT,
        campaign_id=campaign_id,
        status=CampaignStatus.PLANNING,
        brief=CampaignBrief.from_record(wire),  # as stored, before what callers send was checked as today
        correlation_id=CorrelationId("corr-agents"),
        created_at=NOW,
        updated_at=NOW,
        created_by="tests",
    )


def launch(**changes: Any) -> dict[str, Any]:
    """The software launch of the examples; ``changes`` replace whole fields."""
    return example("b2b-software-launch") | changes


def plan_data(wire: dict[str, Any] | None = None, **brand_changes: Any) -> dict[str, Any]:
    made = campaign(wire or launch())
    return planner_input(made, configuration(made.brief, **brand_changes))


def post_data(
    platform: Platform = Platform.LINKEDIN,
    *,
    wire: dict[str, Any] | None = None,
    index: int = 2,
    persona_id: str = "jonas",
    intent: str = "educate",
    topic: str = "A common mistake: Release on a Friday and keep the weekend",
    brand: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Input for one post of the software launch."""
    made = campaign(wire or launch())
    planned = PlannedPost.from_wire(
        {
            "postId": post_id_for(CAMPAIGN_ID, index),
            "personaId": persona_id,
            "platform": platform.value,
            "scheduledAt": "2027-04-12T14:00:00Z",
            "topic": topic,
            "intent": intent,
            "assetRequirements": {"kind": "image", "description": "A quiet office", "width": 1200, "height": 627},
        }
    )
    post = Post(**planned.model_dump(), index=index, batch_id=0)
    return generator_input(made, configuration(made.brief, **(brand or {})), post)


def all_posts(
    wire: dict[str, Any], plan: dict[str, Any], *, only: int | None = None, **brand_changes: Any
) -> list[dict[str, Any]]:
    """The generator's input for every post of a plan's result, or for one of them, counted round and round."""
    made = campaign(wire)
    configured = configuration(made.brief, **brand_changes)
    numbered = list(enumerate(plan["posts"]))
    chosen = numbered if only is None else [numbered[only % len(numbered)]]
    return [
        generator_input(made, configured, Post(**PlannedPost.from_wire(post).model_dump(), index=index, batch_id=0))
        for index, post in chosen
    ]
