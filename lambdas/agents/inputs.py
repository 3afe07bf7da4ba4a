"""The agents' inputs: made from the campaign's record, and checked before an agent's models read them.

The brand and personas are those saved with the campaign, so an edit made while it runs reaches no post.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from lambdas.agents.outcome import AgentError, ErrorCode
from lambdas.domain.models.base import Model
from lambdas.domain.models.brand import Brand, Configuration, KeyMessage
from lambdas.domain.models.campaign import Campaign, CampaignBrief, Product
from lambdas.domain.models.post import Post, Revision
from lambdas.domain.platforms import Platform


def planner_input(campaign: Campaign, configuration: Configuration, *, attempt: int = 0) -> dict[str, Any]:
    """Input of ``campaign_planner.run``.

    ``{tenantId, campaignId, campaign, brandConfig, personaConfigs, mergedConfig, attempt}``; ``attempt`` is the
    workflow's retry count.
    """
    return {
        "tenantId": campaign.tenant_id,
        "campaignId": campaign.campaign_id,
        "campaign": campaign.planned_brief.starting(campaign.plans_from).to_wire(),
        "brandConfig": configuration.brand.to_wire(),
        "personaConfigs": [persona.to_wire() for persona in configuration.personas],
        "mergedConfig": merged_config(campaign.brief, configuration),
        "attempt": attempt,
    }


def generator_input(
    campaign: Campaign, configuration: Configuration, post: Post, *, recent_texts: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Input of ``content_generator.run``: ``{tenantId, campaignId, postId, post, personaConfig, brandConfig, …}``.

    ``recent_texts`` are texts the new one must not repeat. Raises ``KeyError`` for a persona the campaign has not.
    """
    personas = {persona.persona_id: persona for persona in configuration.personas}
    return {
        "tenantId": campaign.tenant_id,
        "campaignId": campaign.campaign_id,
        "postId": post.post_id,
        "post": {
            "postId": post.post_id,
            "index": post.index,
            "personaId": post.persona_id,
            "platform": post.platform.value,
            "scheduledAt": post.to_wire()["scheduledAt"],
            "topic": post.topic,
            "intent": post.intent,
            "assetRequirements": post.asset_requirements.to_wire(),
            "campaign": _context(campaign.brief),
        },
        "personaConfig": personas[post.persona_id].to_wire(),
        "brandConfig": configuration.brand.to_wire(),
        "attempt": post.claim.attempt if post.claim else 0,
        "recentTexts": list(recent_texts),
        **({"revision": _revision(post.revision)} if post.revision else {}),
    }


def _revision(revision: Revision) -> dict[str, Any]:
    """What a reviewer said about the last text; a text that was rejected is not to be changed but replaced."""
    previous = revision.previous.text if revision.previous and not revision.fresh else None
    told = {"number": revision.number, "instructions": revision.instructions, "fresh": revision.fresh}
    seen = {"previous": revision.previous.to_wire()} if revision.previous else {}
    return told | seen | ({"previousText": previous} if previous else {})


def merged_config(brief: CampaignBrief, configuration: Configuration) -> dict[str, Any]:
    """Brand and personas laid over each other: for each platform who may post there and what always applies."""
    brand = configuration.brand
    writers = [persona for persona in configuration.personas if persona.writes(brief.language)]
    return {
        "language": brief.language,
        "timeZone": brief.schedule.time_zone,
        "tone": list(brand.tone),
        "emojiPolicy": brand.emoji_policy.value,
        "bannedWords": list(brand.banned_words),
        "platforms": {
            platform.value: {
                "personaIds": [p.persona_id for p in writers if p.posts_on(platform)],
                "hashtags": list(brand.hashtags),
                "disclaimers": list(disclaimers_for(brand, platform)),
                "utmSource": brand.links.utm_source or platform.value,
            }
            for platform in brief.platforms
        },
    }


def disclaimers_for(brand: Brand, platform: Platform) -> tuple[str, ...]:
    """Sentences the brand requires in every post on ``platform``."""
    return tuple(d.text for d in brand.disclaimers if not d.platforms or platform in d.platforms)


def _context(brief: CampaignBrief) -> dict[str, Any]:
    context: dict[str, Any] = {
        "name": brief.name,
        "product": brief.product.to_wire(),
        "goal": brief.goal,
        "audience": brief.audience,
        "keyMessages": [m if isinstance(m, str) else m.to_wire() for m in brief.key_messages],
        "callToAction": brief.call_to_action,
        "language": brief.language,
        "startsOn": local_day(brief, brief.schedule.start_utc()).isoformat(),
        "endsOn": local_day(brief, brief.schedule.end_utc()).isoformat(),
        "timeZone": brief.schedule.time_zone,
    }
    if day := deadline_day(brief):
        context["deadline"] = day.isoformat()
    return context


def local_day(brief: CampaignBrief, moment: datetime) -> date:
    """The day of ``moment`` where the campaign takes place."""
    return moment.astimezone(ZoneInfo(brief.schedule.time_zone)).date()


def deadline_day(brief: CampaignBrief) -> date | None:
    """The last day on which people can do what the campaign asks for."""
    deadline = brief.deadline_utc()
    return local_day(brief, deadline) if deadline else None


class Told(Protocol):
    """What brief and context have in common."""

    @property
    def name(self) -> str: ...
    @property
    def product(self) -> Product: ...
    @property
    def key_messages(self) -> tuple[str | KeyMessage, ...]: ...
    @property
    def goal(self) -> str: ...
    @property
    def audience(self) -> str: ...


def brief_texts(brief: Told) -> tuple[str, ...]:
    """All prose of a brief, whether it may be said or not."""
    messages = (m if isinstance(m, str) else m.text for m in brief.key_messages)
    return (brief.name, brief.product.name, brief.product.description, brief.goal, brief.audience, *messages)


ModelT = TypeVar("ModelT", bound=Model)


def parse_input(model: type[ModelT], data: Any, personas: Sequence[Any]) -> ModelT:
    """``data`` as ``model``.

    Raises ``AgentError`` ``BRAND_NOT_FOUND`` when ``brandConfig`` is null or absent, ``INSUFFICIENT_EXAMPLES`` when
    a persona has no example of its voice, and ``InvalidInputError`` for everything else that is wrong.
    """
    if isinstance(data, Mapping):
        _check_brand(data)
        for persona in personas:
            _check_examples(persona)
    return model.from_internal(data)


def personas_in(data: Any, field: str) -> list[Any]:
    """The personas of an input that nobody has looked at yet."""
    value = data.get(field) if isinstance(data, Mapping) else None
    if isinstance(value, list | tuple):
        return list(value)
    return [value] if isinstance(value, Mapping) else []


def _check_brand(data: Mapping[str, Any]) -> None:
    if data.get("brandConfig") is None:
        message = "brandConfig is null: without the brand its rules could not be kept"
        raise AgentError(ErrorCode.BRAND_NOT_FOUND, message, {"field": "brandConfig"})


def _check_examples(persona: Any) -> None:
    if not isinstance(persona, Mapping):
        return
    examples = persona.get("examples")
    written = [e for e in examples if isinstance(e, str) and e.strip()] if isinstance(examples, list | tuple) else []
    if (examples is None or isinstance(examples, list | tuple)) and not written:
        name = persona.get("personaId")
        message = f"persona {name!r} has no example of its voice; add one and try again"
        raise AgentError(ErrorCode.INSUFFICIENT_EXAMPLES, message, {"personaId": name, "examples": 0, "needed": 1})
