"""Many posts against a partition that takes what one takes on AWS: all of them arrive, and little is sent twice."""

import pytest

from lambdas.adapters.table import partiql
from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.adapters.table.post_store import TablePosts
from lambdas.domain.errors import ThrottledError
from lambdas.domain.models.campaign import PostCounts
from lambdas.domain.models.post import Post
from lambdas.ports.bundle import Deadline
from lambdas.ports.paging import every
from tests.contract.samples import KEY, plan, written
from tests.support.partition import ModelledTable, modelled_table

AMPLIFICATION = 1.3
STEP_SECONDS = 300


def store(table: ModelledTable, seconds: float = STEP_SECONDS) -> TablePosts:
    """As a step makes one: until the end of the invocation."""
    deadline = Deadline(table.timer.now() + seconds, table.timer.now)
    return TablePosts(DynamoTable(table.client, table.name, deadline, table.timer))


@pytest.mark.slow
def test_ten_thousand_posts_are_planned_within_a_minute_and_none_is_lost() -> None:
    posts, batches = plan(posts=10_000, batch=10)
    with modelled_table("Pace-plan") as table:
        store(table).plan(KEY, posts, batches)
        took, sent = table.timer.now(), table.statements["INSERT"]
        needed = len(posts) + len(batches)
        assert needed / 1_000 - 1 <= took <= 60
        assert needed <= sent <= AMPLIFICATION * needed
        assert store(table).count(KEY) == store(table).progress(KEY) == PostCounts(total=10_000, planned=10_000)


def test_a_repeated_step_writes_only_what_is_missing() -> None:
    posts, batches = plan(posts=3_000, batch=10)
    with modelled_table("Pace-repeat") as table:
        with pytest.raises(ThrottledError):
            store(table, seconds=4).plan(KEY, posts, batches)  # the invocation ends before it is through
        found = [post.post_id for post in every(store(table), KEY)]
        there = len(found)
        before = table.statements["INSERT"]
        assert 1_000 < there < 3_000
        store(table).plan(KEY, posts, batches, set(found))
        assert table.statements["INSERT"] - before <= AMPLIFICATION * (3_300 - there)
        store(table).plan(KEY, posts, batches, {post.post_id for post in every(store(table), KEY)})
        assert table.statements["INSERT"] - before <= AMPLIFICATION * (3_300 - there), "a third time writes nothing"
        assert store(table).count(KEY) == PostCounts(total=3_000, planned=3_000)


def long(post: Post) -> Post:
    """A written post of three kilobytes."""
    done = written(post)
    assert done.content
    return done.model_copy(update={"content": done.content.model_copy(update={"text": "A kettle. " * 260})})


def test_posts_are_finished_and_reopened_at_the_pace_of_the_partition() -> None:
    """Batches as big as a request takes. A write of a post is three units, or four with what it says besides."""
    posts, batches = plan(posts=360, batch=24)
    with modelled_table("Pace-finish") as table:
        store(table).plan(KEY, posts, batches)
        revising = store(table)  # one invocation revises all, while each batch is written by its own
        for change in ("finish", "revise", "finish", "reopen"):
            for batch in batches:
                of_batch = revising.get_many(KEY, batch.post_ids)
                if change == "finish":
                    done = store(table).finish(KEY, batch.batch_id, [long(post) for post in of_batch])
                else:
                    done = getattr(revising, change)(KEY, batch.batch_id, of_batch)
                assert len(done) == 24
        assert table.throughput.refused["write"] > 0, "the invocations that write know nothing of each other's pace"
        assert table.statements["UPDATE"] <= AMPLIFICATION * 4 * (360 + 15)
        assert store(table).count(KEY) == store(table).progress(KEY) == PostCounts(total=360, planned=360)


def test_only_the_refused_statements_are_sent_again() -> None:
    posts, batches = plan(posts=24, batch=24)
    with modelled_table("Pace-refused") as table:
        store(table).plan(KEY, posts, batches)
        partition = next(iter(table.throughput._levels))[1]
        table.throughput.take("write", partition, table.throughput._level("write", partition) - 10)
        before = table.statements["UPDATE"]
        assert len(store(table).finish(KEY, 0, [written(post) for post in posts])) == 24
        refused = table.throughput.refused["write"]
        assert refused >= 1
        assert table.statements["UPDATE"] - before == 25 + refused


def test_a_partition_that_refuses_for_longer_than_there_is_time_is_an_error_that_passes() -> None:
    posts, batches = plan(posts=24, batch=24)
    with modelled_table("Pace-stuck") as table:
        store(table).plan(KEY, posts, batches)
        partition = next(iter(table.throughput._levels))[1]
        table.throughput.take("write", partition, 1_000_000)
        before = table.timer.now()
        with pytest.raises(ThrottledError):
            store(table, seconds=30).finish(KEY, 0, [written(posts[0])])
        assert 20 <= table.timer.now() - before <= 30
        before = table.timer.now()
        with pytest.raises(ThrottledError):
            TablePosts(DynamoTable(table.client, table.name, timer=table.timer)).finish(KEY, 0, [written(posts[0])])
        assert table.timer.now() - before <= partiql.PATIENCE_SECONDS + 1
