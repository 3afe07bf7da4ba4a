"""Lambda ``generate-posts``: one batch of the map. The posts' own records are its checkpoints."""

from lambdas.adapters import stores
from lambdas.adapters.step import step
from lambdas.adapters.stores import TableSettings
from lambdas.adapters.system import SystemClock
from lambdas.agents import content_generator
from lambdas.build.generate_posts.logic import generate_batch
from lambdas.core.models.workflow import BatchResult, GenerateBatchEvent


@step("GeneratePosts", GenerateBatchEvent, TableSettings, None)
def handler(event: GenerateBatchEvent, settings: TableSettings) -> BatchResult:
    return generate_batch(
        event, stores.campaigns(settings), stores.posts(settings), content_generator.run, SystemClock()
    )
