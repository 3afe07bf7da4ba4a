"""The campaign planner.

Code decides what must be right (how many posts, where, by whom, when); the model is asked for what takes imagination
(the topics). Both depend on the campaign alone, so planning twice gives the same plan.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from lambdas.agents.campaign_planner.assignment import Ask, Place, assign
from lambdas.agents.campaign_planner.contract import PlannerInput, PlannerResult, PlanSummary, Topic
from lambdas.agents.campaign_planner.plan_rules import asset_for, plan_problems, spread, statements_for
from lambdas.agents.campaign_planner.topics import collect_topics
from lambdas.agents.cleaning import cleaned
from lambdas.agents.inputs import brief_texts, local_day, parse_input, personas_in
from lambdas.agents.intents import Intent
from lambdas.agents.offline.offline_model import OfflineModel
from lambdas.agents.outcome import AgentError, Answer, ErrorCode, answer
from lambdas.agents.seeding import derive_seed
from lambdas.agents.statements import to_payload
from lambdas.domain.calendar import Slot, planned_count, posting_slots
from lambdas.domain.compliance.copy_rules import is_sensitive
from lambdas.domain.errors import InvalidInputError
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.post import PlannedPost
from lambdas.ports.services import TextModel


def run(data: Mapping[str, Any], *, provider: TextModel | None = None) -> Answer:
    """Plan a campaign.

    ``data`` is ``{tenantId, campaignId, campaign, brandConfig, personaConfigs, mergedConfig, attempt?}``
    (``lambdas.agents.inputs.planner_input``); ``provider`` is the offline model where absent. Answers ``{success,
    result: {planSummary, posts}, error}`` and never raises; ``docs/agents.md`` lists the error codes.
    """
    return answer(lambda: _plan(data, provider or OfflineModel()))


def _plan(data: Mapping[str, Any], model: TextModel) -> PlannerResult:
    request = parse_input(PlannerInput, data, personas_in(data, "personaConfigs"))
    _check_configuration(request)
    total = planned_count(request.campaign)
    personas = {
        platform: request.merged_config.platforms[platform].persona_ids for platform in request.campaign.platforms
    }
    deadline = request.campaign.deadline_utc()
    try:
        wanted = spread(total, request.campaign.platforms, personas)
        slots = posting_slots(request.campaign.schedule, wanted, deadline)
    except InvalidInputError as error:
        fields = [{"field": e.field, "message": e.message} for e in error.errors]
        raise AgentError(ErrorCode.NOT_ENOUGH_SLOTS, error.message, {"errors": fields}) from error
    chosen = _topics_for(request, slots, deadline, model)
    posts = tuple(
        PlannedPost(
            post_id=post_id_for(request.campaign_id, index),
            persona_id=slot.persona_id,
            platform=slot.platform,
            scheduled_at=slot.at,
            topic=topic.topic,
            intent=intent.value,
            asset_requirements=asset_for(slot.platform, topic.visual),
        )
        for index, (slot, (intent, topic)) in enumerate(zip(slots, chosen, strict=True))
    )
    if problems := plan_problems(request, posts, total):
        raise AgentError(ErrorCode.INVALID_PLAN, problems[0], {"problems": problems[:20], "total": len(problems)})
    return PlannerResult(plan_summary=_summary(posts), posts=posts)


def _check_configuration(request: PlannerInput) -> None:
    """The parts of the input must belong together."""
    brand, campaign = request.brand_config, request.campaign
    if brand.brand_id != campaign.brand_id:
        raise AgentError(ErrorCode.BRAND_NOT_FOUND, f"brandConfig is not the campaign's brand {campaign.brand_id!r}")
    if campaign.campaign_id not in (None, request.campaign_id):
        raise AgentError(ErrorCode.INVALID_INPUT, "campaign.campaignId is not campaignId")
    known = {persona.persona_id for persona in request.persona_configs}
    for platform in campaign.platforms:
        merged = request.merged_config.platforms.get(platform)
        if merged is None or not merged.persona_ids:
            details = {"platform": platform.value, "language": campaign.language}
            message = f"no persona posts on {platform.value} in {campaign.language}"
            raise AgentError(ErrorCode.NO_ELIGIBLE_PERSONA, message, details)
        if unknown := set(merged.persona_ids) - known:
            message = f"mergedConfig names personas that personaConfigs has not: {', '.join(sorted(unknown))}"
            raise AgentError(ErrorCode.INVALID_INPUT, message)


def _topics_for(
    request: PlannerInput, slots: Sequence[Slot], deadline: datetime | None, model: TextModel
) -> list[tuple[Intent, Topic]]:
    """Intent and topic of each post, in order."""
    campaign, statements = request.campaign, statements_for(request)
    places = [
        Place(slot.platform, local_day(campaign, slot.at), late=deadline is not None and slot.at > deadline)
        for slot in slots
    ]
    ends = local_day(campaign, campaign.schedule.end_utc())
    asks = assign(statements, places, ends, calm=_is_calm(request))
    payload = {
        **cleaned(
            {
                "language": campaign.language,
                "product": {"name": campaign.product.name, "description": campaign.product.description},
                "campaign": campaign.name,
                "goal": campaign.goal,
                "audience": campaign.audience,
                "callToAction": campaign.call_to_action,
                "brand": {"name": request.brand_config.name, "voice": request.brand_config.voice},
                "tone": request.brand_config.tone,
                "bannedWords": request.brand_config.banned_words,
            }
        ),
        "statements": to_payload(statements),
    }
    seed = derive_seed(request.tenant_id, request.campaign_id, "plan")
    found = collect_topics(payload, Counter(asks), model, seed=seed, attempt=request.attempt)
    return [(ask.intent, topic) for ask, topic in zip(asks, _spread(found, asks), strict=True)]


def _is_calm(request: PlannerInput) -> bool:
    return is_sensitive(brief_texts(request.campaign), request.brand_config.tone)


def _spread(found: Mapping[Ask, Sequence[Topic]], asks: Sequence[Ask]) -> Iterator[Topic]:
    """The topics of each ask in turn; when they are used up, those of its statement for other intents as well."""
    uses: Counter[str] = Counter()
    of_statement: defaultdict[int, list[Topic]] = defaultdict(list)
    for ask, topics in found.items():
        # What only the last days may say is no topic for another day.
        of_statement[ask.statement] += topics if ask.intent is not Intent.LAST_CALL else []
    for ask in asks:
        own = [topic for topic in found.get(ask, ()) if not uses[topic.topic]]
        choices = own or [*of_statement[ask.statement], *found.get(ask, ())]
        topic = min(choices, key=lambda t: uses[t.topic])
        uses[topic.topic] += 1
        yield topic


def _summary(posts: tuple[PlannedPost, ...]) -> PlanSummary:
    return PlanSummary(
        total_posts=len(posts),
        posts_per_platform=dict(Counter(post.platform for post in posts)),
        posts_per_persona=dict(Counter(post.persona_id for post in posts)),
    )
