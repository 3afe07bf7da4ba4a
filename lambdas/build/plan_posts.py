"""PlanPosts: asks the planner for the posts, stores them, and writes the map's manifest."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from lambdas.agents import campaign_planner
from lambdas.agents.inputs import planner_input
from lambdas.agents.model_choice import AgentSettings
from lambdas.agents.outcome import result_of
from lambdas.bootstrap import step
from lambdas.domain.errors import ConflictError, InvalidInputError, InvalidPlanError
from lambdas.domain.ids import post_id_for
from lambdas.domain.models.brand import Configuration
from lambdas.domain.models.campaign import Campaign, CampaignStatus, Generation, PostCounts
from lambdas.domain.models.post import Batch, PlannedPost, Post
from lambdas.domain.models.workflow import PlanResult, StepEvent
from lambdas.ports.bundle import Ports
from lambdas.ports.paging import every
from lambdas.services.lifecycle import advance, has_reached
from lambdas.services.saga import put_recent_texts, write_manifest
from lambdas.settings import BucketSettings, TableSettings

Agent = Callable[[Mapping[str, Any]], dict[str, Any]]


def plan_posts(event: StepEvent, ports: Ports, planner: Agent) -> PlanResult:
    """Plan, store, and ``planning → generating``.

    Posts that exist are kept. If all were stored before, a repeat uses them and does not ask the planner. Raises
    ``AgentRetryableError``, ``ThrottledError``, ``AgentPermanentError``, ``InvalidPlanError``, and ``ConflictError``
    for a campaign that is not to be planned.
    """
    campaigns, posts = ports.campaigns, ports.posts
    campaign = campaigns.get_configured(event.key)
    generation = campaign.brief.generation
    records = list(every(posts, event.key))
    there = {post.post_id for post in records}
    taken_up = has_reached(campaign.status, CampaignStatus.GENERATING)
    if not taken_up:
        configuration = _configuration(campaign)
        if len(records) != campaign.brief.post_count:
            records = _lay_out(_ask(planner, campaign, configuration, event.attempt.retry_count), generation)
    batches = _batches(records, generation)
    # If the campaign is resumed after a failure, its copy of the recent texts was removed; otherwise the copy is kept.
    if not taken_up or not ports.recent_texts.get(event.key):
        put_recent_texts(
            event, ports.recent_texts.of_tenant(event.input.tenant_id).texts_for(event.key.campaign_id), ports
        )
    if not taken_up:
        posts.plan(event.key, records, batches, there)
    manifest = write_manifest(event, batches, ports)
    result = PlanResult(
        manifest=manifest,
        total_posts=len(records),
        batches=len(batches),
        map_concurrency=map_concurrency(generation),
        tolerated_failure_percentage=generation.tolerated_failure_percentage,
        # Not 0 if a new execution takes over a campaign that was in a later round.
        revision=campaign.revision,
    )
    _planned(event, result, ports)
    return result


def _planned(event: StepEvent, result: PlanResult, ports: Ports) -> None:
    advance(
        ports.campaigns,
        event.key,
        CampaignStatus.GENERATING,
        came_from=[CampaignStatus.PLANNING],
        at=ports.clock.now(),
        result=result,
        counts=PostCounts(total=result.total_posts, planned=result.total_posts),
    )


def _configuration(campaign: Campaign) -> Configuration:
    if campaign.status != CampaignStatus.PLANNING or campaign.configuration is None:
        raise ConflictError("the campaign is not to be planned", details={"status": campaign.status.value})
    return campaign.configuration


def _ask(planner: Agent, campaign: Campaign, configuration: Configuration, attempt: int) -> list[PlannedPost]:
    result = result_of(planner(planner_input(campaign, configuration, attempt=attempt)))
    try:
        planned = [PlannedPost.from_wire(post, at=f"posts[{n}]") for n, post in enumerate(result["posts"])]
    except (InvalidInputError, KeyError, TypeError) as error:
        raise InvalidPlanError(f"the planner's answer is not a plan: {error}") from error
    _check(planned, campaign, configuration)
    return planned


def _check(planned: Sequence[PlannedPost], campaign: Campaign, configuration: Configuration) -> None:
    """Check what later steps rely on: ids that are the same in a repeat and sort in plan order, and known personas."""
    if not planned:
        raise InvalidPlanError("the planner planned no posts")
    personas = {persona.persona_id for persona in configuration.personas}
    for index, post in enumerate(planned):
        if post.post_id != post_id_for(campaign.campaign_id, index):
            raise InvalidPlanError(f"posts[{index}].postId: not the id of the campaign's post {index + 1}")
        if post.persona_id not in personas:
            raise InvalidPlanError(f"posts[{index}].personaId: {post.persona_id!r} is not of this campaign")


def batch_size(generation: Generation) -> int:
    """Posts in a batch: at most as many as the campaign allows in flight."""
    return min(generation.batch_size, generation.max_concurrency)


def map_concurrency(generation: Generation) -> int:
    """Number of the map's concurrent children, so that children times batch size stays within the campaign's limit."""
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


class PlanPostsSettings(TableSettings, BucketSettings, AgentSettings):
    """It writes the map's items and the texts that must not be repeated."""

    model_reserve_seconds = 60.0
    """Reserved for storing the plan: 10,000 posts take eleven seconds at the write rate of one partition."""


handler = step(
    "PlanPosts",
    StepEvent,
    PlanPostsSettings,
    lambda event, ports: plan_posts(event, ports, partial(campaign_planner.run, provider=ports.model)),
    begin=True,
)
