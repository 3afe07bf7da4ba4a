"""Lambda ``generate-posts``: one batch of the map. The posts' own records are its checkpoints."""

from functools import cache, partial

from lambdas.adapters import stores
from lambdas.adapters.aws.bedrock import bedrock_model
from lambdas.adapters.aws.clients import client
from lambdas.adapters.aws.remembered_texts import RememberedTexts
from lambdas.adapters.aws.s3_recent_texts import S3RecentTexts
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock, UlidSource, sleep
from lambdas.adapters.table.attempt import current_deadline
from lambdas.agents import content_generator
from lambdas.agents.model_choice import AgentSettings, choose_model
from lambdas.build.generate_posts.logic import BatchPorts, generate_batch
from lambdas.domain.models.workflow import BatchResult, GenerateBatchEvent


class GeneratePostsSettings(TableSettings, AgentSettings):
    """The table, the model that writes, and ``MANIFEST_BUCKET``: where the texts not to repeat are."""

    manifest_bucket: str


@cache
def _recent(bucket: str) -> RememberedTexts:
    return RememberedTexts(S3RecentTexts(client("s3"), bucket))


@step("GeneratePosts", GenerateBatchEvent, GeneratePostsSettings, None)
def handler(event: GenerateBatchEvent, settings: GeneratePostsSettings) -> BatchResult:
    clock = SystemClock()
    model = choose_model(settings, bedrock=bedrock_model, sleep=sleep)
    writer = partial(content_generator.run, provider=model, now=clock.now)
    recent = _recent(settings.manifest_bucket)
    campaigns, posts = stores.campaigns(settings), stores.posts(settings)
    return generate_batch(event, BatchPorts(campaigns, posts, recent, writer, clock, UlidSource(), current_deadline()))
