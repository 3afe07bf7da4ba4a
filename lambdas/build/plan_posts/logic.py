"""PlanPosts: ask the planner for the posts, keep them, and write the map's manifest."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambdas.agents.inputs import planner_input
from lambdas.build.plan_posts.recent import recent_texts
from lambdas.domain.agent_reply import result_of
from lambdas.domain.errors import ConflictError, InvalidInputError, InvalidPlanError
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.campaign import Campaign, CampaignStatus, Configuration, Generation, PostCounts
from lambdas.domain.models.post import Batch, PlannedPost, Post
from lambdas.domain.models.workflow import PlanResult, StepEvent
from lambdas.ports.paging import every
from lambdas.ports.stores import CampaignStore, Clock, ManifestStore, PostStore, RecentTexts
from lambdas.services.lifecycle import advance, has_reached

Planner = Callable[[Mapping[str, Any]], dict[str, Any]]


def plan_posts(
    event: StepEvent,
    campaigns: CampaignStore,
    posts: PostStore,
    manifests: ManifestStore,
    recent: RecentTexts,
    planner: Planner,
    clock: Clock,
) -> PlanResult:
    """Plan, store, and ``planning → generating``.

    Posts that exist stay as they are, and a repeat after all were stored goes by them and asks nobody.
    Raises ``AgentRetryableError``, ``AgentPermanentError``, ``InvalidPlanError``, and ``ConflictError`` for a
    campaign that is not to be planned.
    """
    campaign = campaigns.get_configured(event.key)
    generation = campaign.brief.generation
    records = list(every(posts, event.key))
    if has_reached(campaign.status, CampaignStatus.GENERATING):
        batches = _batches(records, generation)
        # Taken up again after the campaign failed, which undoes what is outside; else they stay as they were.
        if not recent.get(event.key):
            recent.put(event.key, recent_texts(event.key, campaigns, posts))
    else:
        configuration = _configuration(campaign)
        if len(records) != campaign.brief.post_count:
            records = _lay_out(_ask(planner, campaign, configuration, event.attempt.retry_count), generation)
        batches = _batches(records, generation)
        recent.put(event.key, recent_texts(event.key, campaigns, posts))
        posts.plan(event.key, records, batches)
    manifest = manifests.write(event.key, batches)
    counts = PostCounts(total=len(records), planned=len(records))
    advance(
        campaigns,
        event.key,
        CampaignStatus.GENERATING,
        came_from=[CampaignStatus.PLANNING],
        at=clock.now(),
        counts=counts,
    )
    return PlanResult(
        manifest=manifest,
        total_posts=len(records),
        batches=len(batches),
        map_concurrency=map_concurrency(generation),
        tolerated_failure_percentage=generation.tolerated_failure_percentage,
        # Not 0 where a new execution takes up a campaign that was in a later round.
        revision=campaign.revision,
    )


def _configuration(campaign: Campaign) -> Configuration:
    if campaign.status != CampaignStatus.PLANNING or campaign.configuration is None:
        raise ConflictError("the campaign is not to be planned", details={"status": campaign.status.value})
    return campaign.configuration


def _ask(planner: Planner, campaign: Campaign, configuration: Configuration, attempt: int) -> list[PlannedPost]:
    result = result_of(planner(planner_input(campaign, configuration, attempt=attempt)))
    try:
        planned = [PlannedPost.from_wire(post, at=f"posts[{n}]") for n, post in enumerate(result["posts"])]
    except (InvalidInputError, KeyError, TypeError) as error:
        raise InvalidPlanError(f"the planner's answer is not a plan: {error}") from error
    _check(planned, campaign, configuration)
    return planned


def _check(planned: Sequence[PlannedPost], campaign: Campaign, configuration: Configuration) -> None:
    """What later steps rely on: ids that a repeat finds again and that sort in plan order, and known voices."""
    if not planned:
        raise InvalidPlanError("the planner planned no posts")
    personas = {persona.persona_id for persona in configuration.personas}
    for index, post in enumerate(planned):
        if post.post_id != post_id_for(campaign.campaign_id, index):
            raise InvalidPlanError(f"posts[{index}].postId: not the id of the campaign's post {index + 1}")
        if post.persona_id not in personas:
            raise InvalidPlanError(f"posts[{index}].personaId: {post.persona_id!r} is not of this campaign")


def batch_size(generation: Generation) -> int:
    """Posts in a batch: never more than the campaign allows in flight."""
    return min(generation.batch_size, generation.max_concurrency)


def map_concurrency(generation: Generation) -> int:
    """Children of the map at once, so that children times batch size stays within the campaign's limit."""
    return max(1, generation.max_concurrency // batch_size(generation))


def _lay_out(planned: Sequence[PlannedPost], generation: Generation) -> list[Post]:
    size = batch_size(generation)
    return [Post(**post.model_dump(), index=index, batch_id=index // size) for index, post in enumerate(planned)]


def _batches(records: Sequence[Post], generation: Generation) -> list[Batch]:
    size = batch_size(generation)
    return [
        Batch(batch_id=start // size, post_ids=tuple(post.post_id for post in records[start : start + size]))
        for start in range(0, len(records), size)
    ]
