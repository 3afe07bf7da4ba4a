"""Examples in the OpenAPI document: what can be sent as it stands, for a tenant with this brand and persona."""

from typing import Any, Final

IDS: Final = {
    "campaign_id": "01JZ0000000000000000000CAM",
    "post_id": "01JZ000000V9J1DEFPE0QG0000",
    "callback_id": "01JZ00000000000000000CA11B",
    "brand_id": "northwind",
    "persona_id": "mara",
}
"""By path parameter."""

BODIES: Final[dict[str, Any]] = {
    "BrandConfig": {
        "name": "Northwind Tools",
        "tone": ["warm", "plain-spoken"],
        "voice": "We talk like a colleague who has done the job before.",
        "hashtags": ["#northwind"],
        "bannedWords": ["revolutionary"],
        "links": {"allowedDomains": ["example.com"]},
    },
    "PersonaConfig": {
        "name": "Mara Lindqvist",
        "role": "Head of customer success",
        "style": "Short sentences, one concrete example.",
        "examples": ["We shipped it on a Tuesday. By Friday nobody remembered the old way."],
        "platforms": ["x", "linkedin", "email"],
    },
    "TenantConfig": {"notify": ["campaigns@example.com"]},
    "CampaignBrief": {
        "name": "Spring launch",
        "product": {"name": "Northwind Planner", "description": "Plans the week of a small workshop."},
        "goal": "Two hundred sign-ups for the trial.",
        "audience": "Owners of workshops with five to fifty people.",
        "keyMessages": ["Plan the week in ten minutes"],
        "callToAction": "Start the trial",
        "brandId": "northwind",
        "personaIds": ["mara"],
        "platforms": ["x", "linkedin"],
        "schedule": {"timeZone": "Europe/Berlin", "start": "2040-03-05T09:00:00", "end": "2040-03-16T18:00:00"},
        "approval": {"reviewers": ["ada@example.com"]},
    },
    "RetryInput": {"mode": "failed_posts"},
    "PostPatch": {"text": "Plan the week in ten minutes, and keep Friday afternoon for the workshop."},
    "ReviewerChoice": {"reviewer": "ada@example.com"},
    "Reassignment": {"from": "ada@example.com", "to": "lin@example.com"},
    "DecisionInput": {
        "callbackId": "01JZ00000000000000000CA11B",
        "decision": "needs_revision",
        "comments": "Good, but for the first post.",
        "posts": [{"postId": "01JZ000000V9J1DEFPE0QG0000", "verdict": "change", "comment": "Name the price."}],
    },
}
"""By the name of the body's schema."""
