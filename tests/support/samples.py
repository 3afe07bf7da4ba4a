"""A brief, a brand and a persona to build campaigns from, on the wire and as they are stored."""

from collections.abc import Mapping
from typing import Any

from lambdas.domain.ids import BrandId, CampaignId, CampaignKey, CorrelationId, PersonaId, TenantId
from lambdas.domain.models.brand import BrandConfig, PersonaConfig

TENANT = TenantId("acme")
CAMPAIGN_ID = CampaignId("01KJQ0000000000000000000B1")
KEY = CampaignKey(TENANT, CAMPAIGN_ID)
BRAND = BrandId("kettles")
PERSONAS = (PersonaId("ann"), PersonaId("bo"))
CORRELATION = CorrelationId("corr-build-1")


def plain_brief(**changes: Any) -> dict[str, Any]:
    """The body of ``POST /campaigns`` with what it must have; ``changes`` replace whole fields."""
    wire: dict[str, Any] = {
        "name": "Spring launch",
        "product": {"name": "Kettle", "description": "It boils water in a minute."},
        "goal": "Sell a thousand kettles",
        "audience": "People who drink tea",
        "keyMessages": ["It boils fast", "Größe zählt 🫖"],
        "callToAction": "Try one",
        "brandId": BRAND,
        "personaIds": list(PERSONAS),
        "platforms": ["x", "linkedin"],
        "schedule": {"timeZone": "Europe/Berlin", "start": "2026-04-01T09:00:00", "end": "2026-04-30T18:00:00"},
        "approval": {"reviewers": ["ada@example.com", "grace@example.com"]},
    }
    return wire | changes


def brief(*, posts: int = 4, **changes: Any) -> dict[str, Any]:
    """A brief of so many posts in batches of two; of ``generation`` the changes are merged."""
    generation = {"maxConcurrency": 4, "batchSize": 2, "toleratedFailurePercentage": 25.0}
    chosen: Mapping[str, Any] = changes.pop("generation", {})
    return plain_brief(**{"postCount": posts, "generation": generation | dict(chosen), **changes})


def brand_config() -> BrandConfig:
    return BrandConfig.from_wire({"name": "Kettles", "tone": ["warm"], "voice": "Plain words, no jargon."})


def persona_config(name: str = "Ann") -> PersonaConfig:
    fields = {"name": name, "role": "Founder", "style": "Short sentences.", "examples": ["We boil water."]}
    return PersonaConfig.from_wire(fields)
