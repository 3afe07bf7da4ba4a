"""Lambda ``compensate``. Whoever makes a new kind of thing outside registers its undo here."""

from lambdas.adapters import stores
from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.s3_manifests import S3Manifests
from lambdas.adapters.aws.s3_recent_texts import S3RecentTexts
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.build.compensate.logic import compensate
from lambdas.domain.models.workflow import StepEvent
from lambdas.services.saga import MANIFEST, RECENT_TEXTS, Compensation, undo_manifest, undo_recent_texts


class CompensateSettings(TableSettings):
    """``MANIFEST_BUCKET``: what PlanPosts writes to."""

    manifest_bucket: str


@step("Compensate", StepEvent, CompensateSettings, stores.checkpoints)
def handler(event: StepEvent, settings: CompensateSettings) -> Compensation:
    manifests = S3Manifests(client("s3"), settings.manifest_bucket)
    recent = S3RecentTexts(client("s3"), settings.manifest_bucket)
    undos = {MANIFEST: undo_manifest(manifests.remove), RECENT_TEXTS: undo_recent_texts(recent.remove)}
    return compensate(event, stores.campaigns(settings), stores.effects(settings), undos, SystemClock())
