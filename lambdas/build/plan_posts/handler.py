"""Lambda ``plan-posts``."""

from lambdas.adapters import stores
from lambdas.adapters.aws import client
from lambdas.adapters.s3_manifests import S3Manifests
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.agents import campaign_planner
from lambdas.build.plan_posts.logic import plan_posts
from lambdas.core.models.workflow import PlanResult, StepEvent


class PlanPostsSettings(TableSettings):
    """``MANIFEST_BUCKET``: where the map reads its items."""

    manifest_bucket: str


@step("PlanPosts", StepEvent, PlanPostsSettings, stores.checkpoints)
def handler(event: StepEvent, settings: PlanPostsSettings) -> PlanResult:
    return plan_posts(
        event,
        stores.campaigns(settings),
        stores.posts(settings),
        S3Manifests(client("s3"), settings.manifest_bucket),
        campaign_planner.run,
        SystemClock(),
    )
