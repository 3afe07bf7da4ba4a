"""Lambda ``revise-posts``."""

from lambdas.adapters import stores
from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.s3_manifests import S3Manifests
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.build.revise_posts.logic import RevisionPorts, revise_posts
from lambdas.domain.models.workflow import PlanResult, StepEvent
from lambdas.services.saga import RecordedManifests


class RevisePostsSettings(TableSettings):
    """``MANIFEST_BUCKET``: where the map reads its items."""

    manifest_bucket: str


@step("RevisePosts", StepEvent, RevisePostsSettings, stores.checkpoints)
def handler(event: StepEvent, settings: RevisePostsSettings) -> PlanResult:
    clock = SystemClock()
    ports = RevisionPorts(
        campaigns=stores.campaigns(settings),
        posts=stores.posts(settings),
        approvals=stores.approvals(settings),
        manifests=RecordedManifests(
            S3Manifests(client("s3"), settings.manifest_bucket), stores.effects(settings), event.attempt, clock
        ),
        clock=clock,
    )
    return revise_posts(event, ports)
