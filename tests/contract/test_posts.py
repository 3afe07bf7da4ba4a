"""What ``PostStore`` promises, on a table in memory; and what it costs, in the emulator."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from botocore.model import OperationModel

from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.adapters.table.items import from_item
from lambdas.adapters.table.post_store import TablePosts
from lambdas.domain.batch_lease import under_claims
from lambdas.domain.errors import InvalidInputError, NotFoundError
from lambdas.domain.models.campaign import PostCounts
from lambdas.domain.models.post import Claim, PostContent, PostStatus, Revision
from lambdas.ports.paging import every
from lambdas.ports.stores import PostStore
from tests.contract.samples import GLOBEX, KEY, NOW, broken, claim, plan, written
from tests.fakes import MemoryTable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture
def store() -> PostStore:
    return TablePosts(MemoryTable())


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
    [mine] = store.finish(KEY, 0, [written(posts[0])])
    assert store.claim(KEY, 1, claim())
    store.plan(KEY, [post.model_copy(update={"topic": "another"}) for post in posts[:35]] + posts[35:], batches)

    assert store.get(KEY, mine.post_id) == mine
    assert store.page(KEY, 100).items == [mine, *posts[1:]]
    assert store.progress(KEY) == PostCounts(total=60, planned=49, generating=10, completed=1)


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


def test_the_posts_of_a_claimed_batch_are_generating_and_stay_as_they_were_stored(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    assert store.claims(KEY) == {}
    assert store.claim(KEY, 0, claim())

    assert store.claims(KEY) == {0: claim()}
    assert store.get_many(KEY, [post.post_id for post in posts]) == posts
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=2, generating=2)
    seen = list(under_claims(posts, store.claims(KEY)))
    assert [post.status for post in seen] == [PostStatus.GENERATING] * 2 + [PostStatus.PLANNED] * 2
    assert [post.claim for post in seen] == [claim()] * 2 + [None] * 2


LATER = timedelta(minutes=5)
OTHERS = {
    "somebody else": (claim("other"), False),
    "somebody else, when the lease is over": (claim("other", later=LATER), True),
    "somebody else, a moment before that": (claim("other", later=LATER - timedelta(milliseconds=1)), False),
    "another delivery of the same attempt at the same moment": (
        claim(attempt=2).model_copy(update={"nonce": "m"}),
        False,
    ),
    "its next attempt": (claim(attempt=3), True),
    "the same attempt once more": (claim(attempt=2, later=timedelta(seconds=1)), False),
    "an attempt before it": (claim(attempt=1), False),
    "the same request, repeated by the SDK": (claim(attempt=2), True),
}


@pytest.mark.parametrize(("other", "holds"), OTHERS.values(), ids=OTHERS)
def test_a_claimed_batch_is_claimed_again_only_by(store: PostStore, other: Claim, holds: bool) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    assert store.claim(KEY, 0, claim(attempt=2))

    assert store.claim(KEY, 0, other) is holds
    assert store.claims(KEY) == {0: other if holds else claim(attempt=2)}


def test_a_batch_that_does_not_exist_is_not_claimed(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts[:2], batches[:1])
    assert not store.claim(KEY, 1, claim())
    assert store.claims(KEY) == {}


def test_the_same_request_again_has_the_same_answer(store: PostStore) -> None:
    """The SDK repeats a request when its answer is lost; the worker must still learn that the posts are its own."""
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    finished = store.finish(KEY, 0, [written(post) for post in posts[:2]])
    assert store.finish(KEY, 0, [written(post) for post in posts[:2]]) == finished
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=2, completed=2)


def test_of_two_writers_the_first_one_counts(store: PostStore) -> None:
    """A worker that was thought dead comes back: whoever is later changes nothing, whatever he brings."""
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    first = store.finish(KEY, 0, [written(post) for post in posts[:2]])

    assert store.finish(KEY, 0, [broken(post) for post in posts[:2]]) == []
    assert store.finish(KEY, 0, [written(post, at=NOW + LATER) for post in posts[:2]]) == []
    assert store.get_many(KEY, [post.post_id for post in first]) == first
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=2, completed=2)


def test_reopened_posts_are_planned_again_and_whoever_writes_beside_them_goes_on(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    assert store.claim(KEY, 0, claim("writer"))
    (failed,) = store.finish(KEY, 0, [broken(posts[1])])
    (again,) = store.reopen(KEY, 0, [failed])

    assert (again.status, again.error, again.claim) == (PostStatus.PLANNED, None, None)
    assert store.get_many(KEY, batches[0].post_ids) == [posts[0], again]
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=2, generating=2)
    assert not store.claim(KEY, 0, claim("another"))
    assert store.reopen(KEY, 0, [failed]) == [again]
    assert len(store.finish(KEY, 0, [written(posts[0])])) == 1
    assert store.finish(KEY, 0, [written(failed)]) == []


def test_a_batch_is_released_of_the_claim_that_is_meant_and_of_no_other(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    assert store.claim(KEY, 0, claim("dead"))
    store.release(KEY, 0, claim("dead"))
    assert store.claims(KEY) == {}
    assert store.claim(KEY, 0, claim("alive"))
    store.release(KEY, 0, claim("dead"))
    assert store.claims(KEY) == {0: claim("alive")}
    store.release(KEY, 7, claim("dead"))
    assert store.get_many(KEY, batches[0].post_ids) == posts[:2]
    assert store.count(KEY).total == 4


def test_finished_posts_read_back_with_their_content_or_error(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    one, two = under_claims(posts[:2], {0: claim()})
    finished = store.finish(KEY, 0, [written(one), broken(two)])

    stored = {"version": 1, "claim": None}
    expected = [written(one).model_copy(update=stored), broken(two).model_copy(update=stored)]
    assert finished == store.get_many(KEY, [one.post_id, two.post_id]) == expected
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=4, planned=2, completed=1, failed=1)


def test_times_are_kept_to_the_millisecond(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    exact = claim().model_copy(update={"claimed_at": NOW.replace(microsecond=123_456)})
    assert store.claim(KEY, 0, exact)
    assert store.claims(KEY)[0].claimed_at == NOW


def test_batches_larger_than_one_request_are_finished_whole(store: PostStore) -> None:
    posts, batches = plan(posts=60, batch=60)
    store.plan(KEY, posts, batches)
    assert store.claim(KEY, 0, claim())
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=60, generating=60)
    stored = store.finish(KEY, 0, [written(post) for post in posts])
    assert [post.index for post in stored] == list(range(60))
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=60, completed=60)


def test_published_posts_count_as_written(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, [post.model_copy(update={"status": PostStatus.PUBLISHED}) for post in posts], batches)
    assert store.count(KEY) == PostCounts(total=4, completed=4)


def test_a_campaign_without_posts_counts_nothing(store: PostStore) -> None:
    assert store.count(KEY) == store.progress(KEY) == PostCounts()
    assert store.page(KEY, 5) == ([], None)


def test_twenty_workers_claim_a_batch_and_one_gets_it(store: PostStore) -> None:
    posts, batches = plan(posts=10, batch=10)
    store.plan(KEY, posts, batches)
    together = Barrier(20)

    def work(number: int) -> bool:
        together.wait()
        return store.claim(KEY, 0, claim(f"child-{number}"))

    with ThreadPoolExecutor(20) as pool:
        won = [number for number, mine in enumerate(pool.map(work, range(20))) if mine]

    assert [store.claims(KEY)[0].owner] == [f"child-{number}" for number in won]
    assert store.count(KEY) == store.progress(KEY) == PostCounts(total=10, generating=10)


def test_a_batch_takes_one_request_to_read_one_to_claim_and_one_to_finish(
    emulator_table: "tuple[DynamoDBClient, str]",
) -> None:
    client, table = emulator_table
    store, requests = TablePosts(DynamoTable(client, table)), []
    posts, batches = plan(posts=10, batch=10)
    store.plan(KEY, posts, batches)

    def note(model: OperationModel, **_: object) -> None:
        requests.append(model.name)

    client.meta.events.register("before-call.dynamodb", note, unique_id="note")
    try:
        found = store.get_many(KEY, batches[0].post_ids)
        assert store.claim(KEY, 0, claim())
        store.finish(KEY, 0, [written(post) for post in found])
    finally:
        client.meta.events.unregister("before-call.dynamodb", unique_id="note")
    assert requests == ["Query", "UpdateItem", "BatchExecuteStatement"]


def test_a_post_costs_three_write_units(emulator_table: "tuple[DynamoDBClient, str]") -> None:
    """A write unit is a kilobyte begun: 1 to plan, 2 to finish; a batch's claim and marks are shared by ten."""
    client, table = emulator_table
    store = TablePosts(DynamoTable(client, table))
    posts, batches = plan(posts=10, batch=10)
    prose = "A sentence that a copywriter of a kettle company might well have written. "
    posts = [post.model_copy(update={"topic": prose, "intent": prose}) for post in posts]
    store.plan(KEY, posts, batches)
    planned = _sizes(client, table)
    assert store.claim(KEY, 0, claim(owner="0123abcd-4567-89ef-0123-456789abcdef"))
    long = [written(post) for post in posts]
    content = PostContent(text=prose * 8, hashtags=("#tea", "#kettle"), alt_text=prose, generated_at=NOW)
    store.finish(KEY, 0, [post.model_copy(update={"content": content}) for post in long])
    finished = _sizes(client, table)

    assert max(planned.values()) < 1_024
    assert max(finished.values()) < 2_048
    assert max(size for sort_key, size in finished.items() if sort_key.startswith("BATCH#")) < 1_024


def _sizes(client: "DynamoDBClient", table: str) -> dict[str, int]:
    """Bytes of each item, names and values (a little more than DynamoDB counts: JSON's punctuation)."""
    items = client.scan(TableName=table)["Items"]
    return {item["SK"]["S"]: len(json.dumps(from_item(item), ensure_ascii=False).encode()) for item in items}


def test_a_post_that_is_sent_back_is_planned_again_with_what_was_said(store: PostStore) -> None:
    posts, batches = plan()
    store.plan(KEY, posts, batches)
    assert store.claim(KEY, 0, claim())
    done = store.finish(KEY, 0, [written(post) for post in posts[:2]])
    revision = Revision(number=1, instructions="Shorter", previous=done[0].content)
    (back,) = store.revise(KEY, 0, [done[0].model_copy(update={"revision": revision})])
    assert back == store.get(KEY, back.post_id)
    assert (back.status, back.revision, back.content, back.provenance) == (PostStatus.PLANNED, revision, None, None)
    assert store.claims(KEY) == {}
    assert store.count(KEY).planned == 3
    assert store.progress(KEY).completed == 1

    assert store.revise(KEY, 0, [done[0]]) == []  # of a version that is gone
    (ended,) = store.finish(KEY, 0, [written(back)])
    assert (ended.status, ended.revision) == (PostStatus.COMPLETED, revision)
    assert store.progress(KEY).completed == 2


def test_a_page_is_bounded_by_bytes_and_nothing_is_left_out(store: PostStore) -> None:
    posts, batches = plan(posts=9)  # which may be edited to 400 KB each
    store.plan(KEY, [post.model_copy(update={"intent": "x" * 200_000}) for post in posts], batches)
    assert len(store.page(KEY, 100).items) == 4
    assert [post.post_id for post in every(store, KEY)] == [post.post_id for post in posts]
