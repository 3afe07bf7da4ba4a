"""PlanPosts: ask the planner for the posts, keep them, and write the map's manifest."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lambdas.agents.inputs import planner_input
from lambdas.core.agent_reply import result_of
from lambdas.core.errors import ConflictError, InvalidInputError, InvalidPlanError
from lambdas.core.models.campaign import Campaign, CampaignStatus, Configuration, Generation, PostCounts
from lambdas.core.models.post import Batch, PlannedPost, Post
from lambdas.core.models.workflow import PlanResult, StepEvent
from lambdas.core.ports import CampaignStore, Clock, ManifestStore, PostStore
from lambdas.core.progression import advance

Planner = Callable[[Mapping[str, Any]], dict[str, Any]]


def plan_posts(
    event: StepEvent,
    campaigns: CampaignStore,
    posts: PostStore,
    manifests: ManifestStore,
    planner: Planner,
    clock: Clock,
) -> PlanResult:
    """Plan, store, and ``planning → generating``.

    The plan is a function of the campaign, so a repeat plans the same posts, and posts that exist stay as they are.
    Raises ``AgentRetryableError``, ``AgentPermanentError``, ``InvalidPlanError``.
    """
    campaign = campaigns.get(event.key)
    planned = _ask(planner, campaign, _configuration(campaign))
    records, batches = _lay_out(planned, campaign.brief.generation)
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
        map_concurrency=map_concurrency(campaign.brief.generation),
        tolerated_failure_percentage=campaign.brief.generation.tolerated_failure_percentage,
    )


def _configuration(campaign: Campaign) -> Configuration:
    if campaign.configuration is None:
        raise ConflictError("the campaign was not saved", details={"status": campaign.status})
    return campaign.configuration


def _ask(planner: Planner, campaign: Campaign, configuration: Configuration) -> list[PlannedPost]:
    result = result_of(planner(planner_input(campaign, configuration)))
    try:
        planned = [PlannedPost.from_wire(post, at=f"posts[{n}]") for n, post in enumerate(result["posts"])]
    except (InvalidInputError, KeyError, TypeError) as error:
        raise InvalidPlanError(f"the planner's answer is not a plan: {error}") from error
    if not planned:
        raise InvalidPlanError("the planner planned no posts")
    return planned


def batch_size(generation: Generation) -> int:
    """Posts in a batch: never more than the campaign allows in flight."""
    return min(generation.batch_size, generation.max_concurrency)


def map_concurrency(generation: Generation) -> int:
    """Children of the map at once, so that children times batch size stays within the campaign's limit."""
    return max(1, generation.max_concurrency // batch_size(generation))


def _lay_out(planned: Sequence[PlannedPost], generation: Generation) -> tuple[list[Post], list[Batch]]:
    size = batch_size(generation)
    records = [Post(**post.model_dump(), index=index, batch_id=index // size) for index, post in enumerate(planned)]
    batches = [
        Batch(batch_id=start // size, post_ids=tuple(post.post_id for post in records[start : start + size]))
        for start in range(0, len(records), size)
    ]
    return records, batches
