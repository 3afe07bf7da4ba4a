"""Briefs with brands and personas of their own, planned and written by the offline model."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lambdas.agents import campaign_planner, content_generator
from lambdas.agents.content_generator.contract import GeneratorInput
from lambdas.agents.inputs import generator_input, planner_input
from lambdas.agents.seeding import derive_seed, pick, shuffled
from lambdas.domain.ids import CampaignId, CorrelationId, TenantId
from lambdas.domain.models.brand import Brand, BrandConfig, Configuration, Persona, PersonaConfig
from lambdas.domain.models.campaign import Campaign, CampaignBrief, CampaignStatus
from lambdas.domain.models.post import PlannedPost, Post, PostContent, RuleResult
from tests.support.agent_inputs import CAMPAIGN_ID, NOW

FOLDER = Path(__file__).parents[1] / "data" / "briefs"
WRITTEN = sorted(path.stem for path in FOLDER.glob("*.json"))
"""Twelve briefs as people write them, in four languages."""
GENERATED = 18


def brief(name: str) -> dict[str, Any]:
    """``{brand, personas, campaign}``."""
    if name in WRITTEN:
        data: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
        return data
    return generated(int(name))


def generated(number: int) -> dict[str, Any]:
    """A written brief with other messages: fewer of them or more, in another order, with other dates and names."""
    data = brief(WRITTEN[derive_seed("base", number) % len(WRITTEN)])
    campaign = data["campaign"]
    same = [
        message
        for name in WRITTEN
        if brief(name)["campaign"]["language"] == campaign["language"]
        for message in brief(name)["campaign"]["keyMessages"]
    ]
    campaign["keyMessages"] = shuffled(same, number)[: 1 + number % 9]
    sentences = campaign["product"]["description"].split(". ")
    campaign["product"] |= {"description": ". ".join(sentences[: 1 + number % 3]).rstrip(".") + "."}
    campaign["product"] |= {"name": pick(["Orbit", "Nova 2", "Linde", "Alba", "K7"], number)}
    campaign["schedule"] |= {"start": "2027-02-01T09:00:00", "end": f"2027-0{3 + number % 6}-28T18:00:00"}
    return data


class Written:
    """One post of a campaign with what it was written from."""

    def __init__(self, post: Post, request: dict[str, Any], answer: dict[str, Any]) -> None:
        assert answer["error"] is None, answer["error"]
        self.post = post
        self.request = GeneratorInput.from_internal(request)
        self.content = PostContent.from_wire(answer["result"]["content"])
        self.rules = [RuleResult.from_wire(rule) for rule in answer["result"]["provenance"]["rules"]]
        self.attempts = answer["result"]["provenance"]["attempts"]


def write(data: dict[str, Any], campaign_id: CampaignId = CAMPAIGN_ID) -> Iterator[Written]:
    """Every post of the campaign."""
    wire = data["campaign"]
    campaign = Campaign(
        tenant_id=TenantId("acme"),
        campaign_id=campaign_id,
        status=CampaignStatus.PLANNING,
        brief=CampaignBrief.from_wire(wire),
        correlation_id=CorrelationId("corr-briefs"),
        created_at=NOW,
        updated_at=NOW,
        created_by="tests",
    )
    brand = BrandConfig.from_wire(data["brand"])
    personas = {name: PersonaConfig.from_wire(body) for name, body in data["personas"].items()}
    configured = Configuration(
        brand=Brand(brand_id=wire["brandId"], version=1, **brand.model_dump()),
        personas=tuple(Persona(persona_id=name, version=1, **p.model_dump()) for name, p in personas.items()),
    )
    plan = campaign_planner.run(planner_input(campaign, configured))
    assert plan["error"] is None, plan["error"]
    for index, planned in enumerate(plan["result"]["posts"]):
        post = Post(**PlannedPost.from_wire(planned).model_dump(), index=index, batch_id=0)
        request = generator_input(campaign, configured, post)
        yield Written(post, request, content_generator.run(request))
