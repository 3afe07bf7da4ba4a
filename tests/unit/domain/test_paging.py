import pytest

from lambdas.ports import paging
from lambdas.ports.paging import every
from tests.contract.samples import plan
from tests.support import samples
from tests.support.world import World


@pytest.mark.parametrize("posts", [0, 1, 2, 3, 6, 7])
def test_every_post_once_in_plan_order_whatever_the_pages(posts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE", 3)
    world = World()
    records, batches = plan(samples.KEY, posts=posts)
    world.posts.plan(samples.KEY, list(reversed(records)), batches)
    assert [post.index for post in every(world.posts, samples.KEY)] == list(range(posts))
