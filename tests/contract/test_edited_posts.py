"""What ``PostStore`` promises of a post that a person changes."""

import pytest

from lambdas.adapters.table.post_store import TablePosts
from lambdas.domain.errors import ConcurrentUpdateError
from lambdas.domain.models.campaign import PostCounts
from lambdas.domain.models.post import Edit
from lambdas.ports.stores import PostStore
from tests.contract.samples import KEY, NOW, plan, written
from tests.fakes import MemoryTable


@pytest.fixture
def store() -> PostStore:
    return TablePosts(MemoryTable())


def test_an_edit_is_stored_if_nobody_was_faster(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    done = store.finish(KEY, 0, [written(posts[0])])[0]
    assert done.content
    edit = Edit(at=NOW, by="robin", previous=done.content)
    changed = done.model_copy(update={"content": done.content.model_copy(update={"text": "Other"}), "edit": edit})
    stored = store.edit(KEY, changed)
    assert stored == store.get(KEY, done.post_id)
    assert (stored.version, stored.edit, stored.content and stored.content.text) == (done.version + 1, edit, "Other")
    other = changed.model_copy(update={"content": done.content.model_copy(update={"text": "Too late"})})
    with pytest.raises(ConcurrentUpdateError):
        store.edit(KEY, other)
    assert store.get(KEY, done.post_id) == stored


def test_a_dropped_post_is_counted_apart_and_put_back(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    done = store.finish(KEY, 0, [written(posts[0])])[0]
    moved = {"scheduled_at": NOW, "moved_from": done.scheduled_at}
    dropped = store.edit(KEY, done.model_copy(update={"dropped": True, **moved}))
    assert dropped == store.get(KEY, done.post_id)
    assert (dropped.dropped, dropped.goes_out, dropped.moved_from) == (True, False, done.scheduled_at)
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=3, dropped=1)
    back = store.edit(KEY, dropped.model_copy(update={"dropped": False, "moved_from": None}))
    assert back == store.get(KEY, done.post_id)
    assert (back.dropped, back.goes_out, back.moved_from) == (False, True, None)
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=3, completed=1)
