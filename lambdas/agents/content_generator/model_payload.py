"""What the model is told about a post: data only, made plain, without a single URL."""

from datetime import datetime
from typing import Any

from lambdas.agents.cleaning import cleaned
from lambdas.agents.content_generator.contract import GeneratorInput
from lambdas.agents.content_generator.finish_draft import max_hashtags, room_for_text
from lambdas.agents.content_generator.told import copy_brief, statements_for
from lambdas.agents.statements import to_payload
from lambdas.domain.models.brand import Persona


def model_payload(request: GeneratorInput, at: datetime) -> dict[str, Any]:
    """The payload of the model's request; ``room`` is in the platform's own unit."""
    post, brand = request.post, request.brand_config
    brief = post.campaign
    handle = brand.handles.get(post.platform)
    most = max_hashtags(post.platform)
    # Room is left for the longest hashtags and the mention the post may get.
    reserved = tuple(sorted((*brand.hashtags, "#" + "x" * 30), key=len, reverse=True)[:most])
    told: dict[str, Any] = cleaned(
        {
            "topic": post.topic,
            "intent": post.intent,
            "product": {"name": brief.product.name, "description": brief.product.description},
            "campaign": brief.name,
            "goal": brief.goal,
            "audience": brief.audience,
            "keyMessages": [m if isinstance(m, str) else m.text for m in brief.key_messages],
            "callToAction": brief.call_to_action,
            "brand": {"name": brand.name, "voice": brand.voice, "tone": brand.tone, "tagline": brand.tagline},
            "persona": _manner(request.persona_config),
            "assetRequirements": post.asset_requirements.to_wire(),
        }
    )
    revision = request.revision
    asked = cleaned({"revision": revision.to_wire()}) if revision else {}
    return {
        **told,
        **asked,
        "index": post.index,
        "statements": to_payload(statements_for(request)),
        "sensitive": copy_brief(request).sensitive,
        "hasLink": brief.product.url is not None,
        "language": brief.language,
        "platform": post.platform.value,
        "room": room_for_text(request, reserved, (handle,) if handle else (), at),
        "maxHashtags": most,
        "brandHashtags": list(brand.hashtags),
        "brandHandle": handle,
        "bannedWords": list(brand.banned_words),
        "emojiPolicy": brand.emoji_policy.value,
        "maxReadingGrade": brand.max_reading_grade,
    }


def _manner(persona: Persona) -> dict[str, Any]:
    return {
        "name": persona.name,
        "role": persona.role,
        "style": persona.style,
        "formality": persona.formality.value,
        "firstPerson": persona.first_person,
        "examples": persona.examples,
    }
