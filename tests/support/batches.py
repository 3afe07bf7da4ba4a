"""One batch of a campaign, written and looked at."""

from lambdas.build.generate_posts import generate_batch
from lambdas.domain.batch_lease import under_claims
from lambdas.domain.models.post import Batch, Post, PostStatus
from lambdas.domain.models.workflow import BatchResult
from lambdas.ports.bundle import Deadline
from tests.support import samples
from tests.support.agents import Generator
from tests.support.events import batch_event
from tests.support.faults import FaultPlan, faulty, replaced
from tests.support.world import World

TEN = samples.brief(posts=10, generation={"maxConcurrency": 10, "batchSize": 10})


def generate(
    world: World,
    batch: Batch,
    generator: Generator,
    *,
    retry: int = 0,
    child: str = "child-0",
    faults: FaultPlan | None = None,
    deadline: Deadline | None = None,
) -> BatchResult:
    posts = faulty(world.posts, faults or FaultPlan())
    event = batch_event(world, batch, retry=retry, child=child)
    return generate_batch(event, replaced(world, posts=posts, deadline=deadline), generator)


def posts_of(world: World, batch: Batch) -> list[Post]:
    return world.posts.get_many(samples.KEY, batch.post_ids)


def statuses(world: World, batch: Batch) -> list[PostStatus]:
    return [post.status for post in under_claims(posts_of(world, batch), world.posts.claims(samples.KEY))]
