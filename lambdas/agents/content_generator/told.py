"""What a generator's input says about its campaign: what may be told, and what its copy is checked against."""

from datetime import date
from zoneinfo import ZoneInfo

from lambdas.agents.content_generator.contract import GeneratorInput
from lambdas.agents.inputs import brief_texts, disclaimers_for
from lambdas.agents.intents import Intent
from lambdas.agents.statements import statements_of
from lambdas.domain.compliance.copy_rules import CopyBrief, is_sensitive
from lambdas.domain.message_kinds import TypedMessage

_ASKING = frozenset({Intent.QUESTION, Intent.OBJECTION, Intent.INVITE})
"""Intents whose posts may ask the reader something."""


def day_of(request: GeneratorInput) -> date:
    """On which the post goes out, where the campaign takes place."""
    return request.post.scheduled_at.astimezone(ZoneInfo(request.post.campaign.time_zone)).date()


def statements_for(request: GeneratorInput) -> list[TypedMessage]:
    """As the planner has them, but for those that are over on the day of the post."""
    brief, day = request.post.campaign, day_of(request)
    told = statements_of(
        (brief.product.name, brief.product.description),
        brief.key_messages,
        language=brief.language,
        start=brief.starts_on or day,
        deadline=brief.deadline,
        banned=request.brand_config.banned_words,
    )
    return [statement for statement in told if statement.until is None or statement.until >= day] or told


def copy_brief(request: GeneratorInput) -> CopyBrief:
    """What the rules of copy need to know."""
    brief, brand = request.post.campaign, request.brand_config
    statements = statements_for(request)
    texts = tuple(statement.text for statement in statements)
    product = brief.product
    names = (product.name, brand.name)
    persona = request.persona_config
    public = (*texts, *disclaimers_for(brand, request.post.platform), *names, brief.name, brief.call_to_action)
    return CopyBrief(
        language=brief.language,
        private=(brief.goal, brief.audience),
        public=(*public, product.description, brand.tagline or "", persona.name, persona.role),
        benefits=texts,
        names=names,
        sensitive=is_sensitive(brief_texts(brief), brand.tone),
        may_ask=request.post.intent in _ASKING,
        day=day_of(request),
        starts=brief.starts_on,
        ends=tuple(day for day in (brief.ends_on, brief.deadline, *(each.until for each in statements)) if day),
    )
