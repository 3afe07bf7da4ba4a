"""Lambda ``plan-posts``."""

from functools import partial

from lambdas.adapters import stores
from lambdas.adapters.aws.bedrock import bedrock_model
from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.s3_manifests import S3Manifests
from lambdas.adapters.aws.s3_recent_texts import S3RecentTexts
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock, sleep
from lambdas.agents import campaign_planner
from lambdas.agents.model_choice import AgentSettings, choose_model
from lambdas.build.plan_posts.logic import plan_posts
from lambdas.domain.models.workflow import PlanResult, StepEvent
from lambdas.services.saga import RecordedManifests, RecordedRecentTexts

STORING_SECONDS = 60.0
"""Kept of the invocation for storing the plan: 10,000 posts take eleven at the pace of a partition."""


class PlanPostsSettings(TableSettings, AgentSettings):
    """``MANIFEST_BUCKET``: where the map reads its items."""

    manifest_bucket: str


@step("PlanPosts", StepEvent, PlanPostsSettings, stores.checkpoints)
def handler(event: StepEvent, settings: PlanPostsSettings) -> PlanResult:
    clock, effects, bucket = SystemClock(), stores.effects(settings), settings.manifest_bucket
    model = choose_model(settings, bedrock=partial(bedrock_model, reserve=STORING_SECONDS), sleep=sleep)
    return plan_posts(
        event,
        stores.campaigns(settings),
        stores.posts(settings),
        RecordedManifests(S3Manifests(client("s3"), bucket), effects, event.attempt, clock),
        RecordedRecentTexts(S3RecentTexts(client("s3"), bucket), effects, event.attempt, clock),
        partial(campaign_planner.run, provider=model),
        clock,
    )
