"""Lambda ``generate-posts``: one batch of the map. The posts' own records are its checkpoints."""

from functools import partial

from lambdas.adapters import stores
from lambdas.adapters.bedrock_provider import bedrock_model
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock, sleep
from lambdas.agents import content_generator
from lambdas.agents.provider import AgentSettings, choose_model
from lambdas.build.generate_posts.logic import generate_batch
from lambdas.core.models.workflow import BatchResult, GenerateBatchEvent


class GeneratePostsSettings(TableSettings, AgentSettings):
    """The table, and the model that writes."""


@step("GeneratePosts", GenerateBatchEvent, GeneratePostsSettings, None)
def handler(event: GenerateBatchEvent, settings: GeneratePostsSettings) -> BatchResult:
    clock = SystemClock()
    model = choose_model(settings, bedrock=bedrock_model, sleep=sleep)
    writer = partial(content_generator.run, provider=model, now=clock.now)
    return generate_batch(event, stores.campaigns(settings), stores.posts(settings), writer, clock)
