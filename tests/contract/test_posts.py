"""What ``PostStore`` promises, of the fake and of the table (in the emulator)."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from botocore.model import OperationModel

from lambdas.adapters.dynamodb_items import from_item
from lambdas.adapters.dynamodb_posts import DynamoPosts
from lambdas.adapters.memory import MemoryPosts
from lambdas.core.errors import ConcurrentUpdateError, InvalidInputError, NotFoundError
from lambdas.core.ids import PostId
from lambdas.core.models.campaign import PostCounts
from lambdas.core.models.post import Edit, PostContent, PostStatus, Revision
from lambdas.core.ports import PostStore
from tests.contract.samples import GLOBEX, KEY, NOW, broken, claim, plan, written

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> PostStore:
    if request.param == "memory":
        return MemoryPosts()
    client, table = request.getfixturevalue("emulator_table")
    return DynamoPosts(client, table)


def test_reads_back_what_was_planned(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    assert store.page(KEY, 10) == (posts, None)
    assert store.get(KEY, posts[1].post_id) == posts[1]
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=4)


def test_reads_in_the_order_asked_for_and_leaves_out_what_is_not_there(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts[:3], batches[:1])
    assert store.get_many(KEY, [posts[i].post_id for i in (2, 3, 0)]) == [posts[2], posts[0]]
    assert store.get_many(KEY, []) == []
    assert store.get_many(KEY._replace(tenant_id=GLOBEX), [posts[0].post_id]) == []
    with pytest.raises(NotFoundError):
        store.get(KEY, posts[3].post_id)


def test_planning_again_leaves_what_is_there_and_adds_what_is_missing(store: PostStore) -> None:
    posts, batches = plan(posts=60, batch=10)
    store.plan(KEY, posts[:35], batches[:3])
    [mine] = store.claim(KEY, 0, posts[:1], claim())
    store.plan(KEY, [post.model_copy(update={"topic": "another"}) for post in posts[:35]] + posts[35:], batches)

    assert store.get(KEY, mine.post_id) == mine
    assert store.page(KEY, 100).items == [mine, *posts[1:]]
    assert store.progress(KEY) == PostCounts(total=60, planned=59, generating=1)


def test_lists_in_plan_order_page_by_page(store: PostStore) -> None:
    posts, batches = plan(posts=5)
    store.plan(KEY, posts, batches)
    first = store.page(KEY, 2)
    second = store.page(KEY, 2, first.next_cursor)
    last = store.page(KEY, 2, second.next_cursor)
    assert first.items + second.items + last.items == posts
    assert last.next_cursor is None
    with pytest.raises(InvalidInputError):
        store.page(KEY, 2, "not-a-cursor")


def test_a_claim_moves_posts_to_generating(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    claimed = store.claim(KEY, 0, posts[:2], claim())

    expected = [
        post.model_copy(update={"status": PostStatus.GENERATING, "version": 1, "claim": claim()}) for post in posts[:2]
    ]
    assert claimed == store.get_many(KEY, [post.post_id for post in posts[:2]]) == expected
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=2, generating=2)


def test_a_post_that_changed_is_not_claimed(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    store.claim(KEY, 0, posts[:1], claim("first"))

    assert [post.index for post in store.claim(KEY, 0, posts[:2], claim("second"))] == [1]
    assert store.get(KEY, posts[0].post_id).claim == claim("first")


def test_the_same_request_again_has_the_same_answer(store: PostStore) -> None:
    """The SDK repeats a request when its answer is lost; the worker must still learn that the posts are its own."""
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    claimed = store.claim(KEY, 0, posts[:2], claim())
    assert store.claim(KEY, 0, posts[:2], claim()) == claimed
    finished = store.finish(KEY, 0, [written(post) for post in claimed])
    assert store.finish(KEY, 0, [written(post) for post in claimed]) == finished
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=2, completed=2)


def test_a_post_that_does_not_exist_is_not_claimed(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts[:1], batches[:1])
    assert [post.index for post in store.claim(KEY, 0, posts[:2], claim())] == [0]
    assert store.claim(KEY, 0, [], claim()) == []
    assert store.count(KEY).total == 1


def test_the_next_attempt_takes_its_posts_over_and_the_former_cannot_finish(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    former = store.claim(KEY, 0, posts[:2], claim(attempt=0))
    current = store.claim(KEY, 0, former, claim(attempt=1))

    assert store.finish(KEY, 0, [broken(post) for post in former]) == []
    assert [post.version for post in store.finish(KEY, 0, [written(post) for post in current])] == [3, 3]
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=2, completed=2)


def test_a_late_finish_with_another_outcome_changes_no_count(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    former = store.claim(KEY, 0, posts[:2], claim("first"))
    current = store.claim(KEY, 0, former, claim("second"))
    store.finish(KEY, 0, [written(post) for post in current])

    assert store.finish(KEY, 0, [broken(post) for post in former]) == []
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=2, completed=2)


def test_finished_posts_read_back_with_their_content_or_error(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    one, two = store.claim(KEY, 0, posts[:2], claim())
    finished = store.finish(KEY, 0, [written(one), broken(two)])

    expected = [written(one).model_copy(update={"version": 2}), broken(two).model_copy(update={"version": 2})]
    assert finished == store.get_many(KEY, [one.post_id, two.post_id]) == expected
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=2, completed=1, failed=1)


def test_claiming_a_failed_post_forgets_its_error(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    [failed] = store.finish(KEY, 0, [broken(post) for post in store.claim(KEY, 0, posts[:1], claim())])
    [again] = store.claim(KEY, 0, [failed], claim(attempt=1))

    assert again.error is None
    assert store.get(KEY, again.post_id) == again
    assert store.finish(KEY, 0, [written(again)]) == [store.get(KEY, again.post_id)]
    assert store.progress(KEY) == PostCounts(total=4, planned=3, completed=1)


def test_times_are_kept_to_the_millisecond(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    exact = claim().model_copy(update={"claimed_at": NOW.replace(microsecond=123_456)})
    [claimed] = store.claim(KEY, 0, posts[:1], exact)
    assert claimed == store.get(KEY, claimed.post_id)
    assert claimed.claim
    assert claimed.claim.claimed_at == NOW


def test_batches_larger_than_one_request_are_claimed_and_finished_whole(store: PostStore) -> None:
    posts, batches = plan(posts=60, batch=60)
    store.plan(KEY, posts, batches)
    claimed = store.claim(KEY, 0, posts, claim())
    assert [post.index for post in claimed] == list(range(60))
    store.finish(KEY, 0, [written(post) for post in claimed])
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=60, completed=60)


def test_published_posts_count_as_written(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, [post.model_copy(update={"status": PostStatus.PUBLISHED}) for post in posts], batches)
    assert store.count(KEY) == PostCounts(total=4, completed=4)


def test_a_campaign_without_posts_counts_nothing(store: PostStore) -> None:
    assert store.count(KEY) == store.progress(KEY) == PostCounts()
    assert store.page(KEY, 5) == ([], None)


def test_twenty_workers_claim_a_batch_and_each_post_goes_to_one(store: PostStore) -> None:
    posts, batches = plan(posts=10, batch=10)
    store.plan(KEY, posts, batches)
    together = Barrier(20)

    def work(number: int) -> list[PostId]:
        together.wait()
        claimed = store.claim(KEY, 0, posts, claim(f"child-{number}"))
        assert all(post.claim and post.claim.owner == f"child-{number}" for post in claimed)
        return [post.post_id for post in claimed]

    with ThreadPoolExecutor(20) as pool:
        holders = Counter(post_id for claimed in pool.map(work, range(20)) for post_id in claimed)

    assert holders == {post.post_id: 1 for post in posts}
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=10, generating=10)


def test_a_batch_takes_one_request_to_claim_and_one_to_finish(
    emulator_table: "tuple[DynamoDBClient, str]",
) -> None:
    client, table = emulator_table
    store, requests = DynamoPosts(client, table), []
    posts, batches = plan(posts=10, batch=10)
    store.plan(KEY, posts, batches)

    def note(model: OperationModel, **_: object) -> None:
        requests.append(model.name)

    client.meta.events.register("before-call.dynamodb", note, unique_id="note")
    try:
        store.finish(KEY, 0, [written(post) for post in store.claim(KEY, 0, posts, claim())])
    finally:
        client.meta.events.unregister("before-call.dynamodb", unique_id="note")
    assert requests == ["BatchExecuteStatement"] * 2


def test_a_post_costs_four_write_units(emulator_table: "tuple[DynamoDBClient, str]") -> None:
    """A write unit is a kilobyte begun: 1 to plan, 1 to claim, 2 to finish; a batch's marks are shared by ten."""
    client, table = emulator_table
    store = DynamoPosts(client, table)
    posts, batches = plan(posts=10, batch=10)
    prose = "A sentence that a copywriter of a kettle company might well have written. "
    posts = [post.model_copy(update={"topic": prose, "intent": prose}) for post in posts]
    store.plan(KEY, posts, batches)
    planned = _sizes(client, table)
    claimed = store.claim(KEY, 0, posts, claim(owner="0123abcd-4567-89ef-0123-456789abcdef"))
    held = _sizes(client, table)
    long = [written(post) for post in claimed]
    content = PostContent(text=prose * 8, hashtags=("#tea", "#kettle"), alt_text=prose, generated_at=NOW)
    store.finish(KEY, 0, [post.model_copy(update={"content": content}) for post in long])
    finished = _sizes(client, table)

    assert max(planned.values()) < 1_024
    assert max(held.values()) < 1_024
    assert max(finished.values()) < 2_048
    assert max(size for sort_key, size in finished.items() if sort_key.startswith("BATCH#")) < 1_024


def _sizes(client: "DynamoDBClient", table: str) -> dict[str, int]:
    """Bytes of each item, names and values (a little more than DynamoDB counts: JSON's punctuation)."""
    items = client.scan(TableName=table)["Items"]
    return {item["SK"]["S"]: len(json.dumps(from_item(item), ensure_ascii=False).encode()) for item in items}


def test_a_post_that_is_sent_back_is_planned_again_with_what_was_said(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    claimed = store.claim(KEY, 0, posts[:2], claim())
    done = store.finish(KEY, 0, [written(post) for post in claimed])
    revision = Revision(number=1, instructions="Shorter", previous=done[0].content)
    (back,) = store.revise(KEY, 0, [done[0].model_copy(update={"revision": revision})])
    assert back == store.get(KEY, back.post_id)
    assert (back.status, back.revision, back.content, back.claim) == (PostStatus.PLANNED, revision, None, None)
    assert back.provenance is None
    assert store.count(KEY).planned == 3
    assert store.progress(KEY).completed == 1

    again = store.claim(KEY, 0, [back], claim("child-2"))
    assert store.revise(KEY, 0, [done[0]]) == []  # of a version that is gone
    (ended,) = store.finish(KEY, 0, [written(post) for post in again])
    assert (ended.status, ended.revision) == (PostStatus.COMPLETED, revision)
    assert store.progress(KEY).completed == 2


def test_an_edit_is_stored_if_nobody_was_faster(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    done = store.finish(KEY, 0, [written(post) for post in store.claim(KEY, 0, posts[:1], claim())])[0]
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
