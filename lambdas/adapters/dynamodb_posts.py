"""Posts in the table: the store that decides how fast a campaign is built.

Actions on the table: ``dynamodb:PartiQLInsert`` (plan), ``PartiQLUpdate`` (claim, finish, reopen, revise,
edit), ``BatchGetItem`` (get_many, claim, finish), ``GetItem`` (get), ``Query`` (page, progress, count).

Round trips dominate, so the posts of a batch are claimed with one request and finished with another: a PartiQL
batch, in which every statement has its own condition and its own outcome. The same request marks the posts on
the batch's item, from which ``progress`` is counted without reading the posts. Only ``reopen`` unsets a mark, so
that requests that come late or twice do no harm.

Write units of a post under 1 KB planned and 2 KB written: 1 to plan, 1 to claim, 2 to finish, and 3 for the
batch's item divided by its posts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lambdas.adapters import dynamodb_keys as keys
from lambdas.adapters.cursor import decode_cursor, encode_cursor
from lambdas.adapters.dynamodb_partiql import STATEMENTS_PER_REQUEST, execute, insert, insert_all, update
from lambdas.adapters.dynamodb_table import Table, chunks
from lambdas.core.errors import ConcurrentUpdateError, NotFoundError
from lambdas.core.ids import CampaignKey, PostId
from lambdas.core.models.campaign import PostCounts
from lambdas.core.models.post import Batch, Claim, Post, PostStatus
from lambdas.core.ports import Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_RESULT_FIELDS = ("status", "completedAt", "content", "provenance", "error")
_WRITTEN_FIELDS = ("completedAt", "content", "provenance", "error", "claim", "edit")
_CLAIMED, _ENDED = "claimed", "ended"
"""A batch's item has ``claimed<index>: true`` and ``ended<index>: completed|failed`` of its posts."""


class DynamoPosts:
    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def plan(self, key: CampaignKey, posts: Sequence[Post], batches: Sequence[Batch]) -> None:
        new = [insert(self._table.name, keys.post(key, post.post_id), _fields(post)) for post in posts]
        for batch in batches:
            fields = {"batchId": batch.batch_id, "total": len(batch.post_ids)}
            new.append(insert(self._table.name, keys.batch(key, batch.batch_id), fields))
        insert_all(self._table.client, new)

    def get(self, key: CampaignKey, post_id: PostId) -> Post:
        found = self._table.get(keys.post(key, post_id))
        if found is None:
            raise NotFoundError(f"there is no post {post_id}")
        return Post.from_wire(found)

    def get_many(self, key: CampaignKey, post_ids: Sequence[PostId]) -> list[Post]:
        places = [keys.post(key, post_id) for post_id in post_ids]
        found = self._table.get_many(places)
        return [Post.from_wire(found[place]) for place in places if place in found]

    def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Post]:
        after = keys.post(key, PostId(decode_cursor(cursor))) if cursor else None
        # One more than asked for tells whether there is a next page.
        found = self._table.query(keys.campaign_partition(key), keys.POSTS, after=after, limit=limit + 1)
        items = [Post.from_wire(item) for item in found[:limit]]
        return Page(items, encode_cursor(items[-1].post_id) if len(found) > limit else None)

    def claim(self, key: CampaignKey, batch_id: int, posts: Sequence[Post], claim: Claim) -> list[Post]:
        held = {"status": PostStatus.GENERATING.value, "claim": claim.to_wire()}
        # A null rather than a REMOVE, which not every emulator can say; it is dropped on reading.
        changes = [(post, held | ({"error": None} if post.error else {})) for post in posts]
        marks = {f"{_CLAIMED}{post.index}": True for post in posts}
        return self._write(key, batch_id, changes, marks)

    def finish(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        changes = []
        for post in posts:
            fields = _fields(post)
            changes.append((post, {name: fields[name] for name in _RESULT_FIELDS if name in fields}))
        return self._write(key, batch_id, changes, _ended_marks(posts))

    def reopen(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        fresh = {"status": PostStatus.PLANNED.value, "claim": None, "error": None, "completedAt": None}
        marks: dict[str, Any] = {}
        for post in posts:
            marks |= {f"{_CLAIMED}{post.index}": False, f"{_ENDED}{post.index}": None}
        return self._write(key, batch_id, [(post, dict(fresh)) for post in posts], marks)

    def revise(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        gone: dict[str, Any] = dict.fromkeys(_WRITTEN_FIELDS)  # nulls, as in claim
        changes = []
        for post in posts:
            revision = post.revision.to_wire() if post.revision else None
            changes.append((post, {**gone, "status": PostStatus.PLANNED.value, "revision": revision}))
        return self._write(key, batch_id, changes, {f"{_ENDED}{post.index}": "revised" for post in posts})

    def edit(self, key: CampaignKey, post: Post) -> Post:
        fields = _fields(post)
        change: dict[str, Any] = {name: fields[name] for name in ("content", "provenance", "edit") if name in fields}
        statement = update(self._table.name, keys.post(key, post.post_id), _next(post, change), version=post.version)
        if execute(self._table.client, [statement]) != [True]:
            raise ConcurrentUpdateError("the post changed meanwhile")
        return _changed(post, change)

    def _write(
        self,
        key: CampaignKey,
        batch_id: int,
        changes: Sequence[tuple[Post, dict[str, Any]]],
        marks: Mapping[str, Any],
    ) -> list[Post]:
        """Change posts, each if its version is still the one given, and mark them on their batch."""
        if not changes:
            return []
        tally = update(self._table.name, keys.batch(key, batch_id), marks)
        written: list[Post] = []
        lost: list[Post] = []
        # Almost always one request: a batch is smaller than what fits.
        for chunk in chunks(changes, STATEMENTS_PER_REQUEST - 1):
            statements = [
                update(self._table.name, keys.post(key, post.post_id), _next(post, change), version=post.version)
                for post, change in chunk
            ]
            *stored, _ = execute(self._table.client, [*statements, tally])  # no such batch: nothing to tally
            for (post, change), is_stored in zip(chunk, stored, strict=True):
                (written if is_stored else lost).append(_changed(post, change))
        mine = self._settle(key, batch_id, lost)
        return sorted([*written, *mine], key=lambda post: post.index)

    def _settle(self, key: CampaignKey, batch_id: int, lost: Sequence[Post]) -> list[Post]:
        """Of the posts whose condition failed, those that are nevertheless as we wanted them.

        That is so when the SDK repeated a request whose answer was lost: the first one had already succeeded.
        A post that another worker ended gets that worker's mark back.
        """
        if not lost:
            return []
        wanted = {post.post_id: _holder(post) for post in lost}
        found = self.get_many(key, list(wanted))
        mine = [post for post in found if _holder(post) == wanted[post.post_id]]
        marks = _ended_marks(post for post in found if post not in mine)
        if marks:
            execute(self._table.client, [update(self._table.name, keys.batch(key, batch_id), marks)])
        return mine

    def progress(self, key: CampaignKey) -> PostCounts:
        tallies = self._table.query(keys.campaign_partition(key), keys.BATCHES, consistent=False)
        total = sum(tally["total"] for tally in tallies)
        claimed = sum(tally[name] for tally in tallies for name in tally if name.startswith(_CLAIMED))
        ended = Counter(value for tally in tallies for name, value in tally.items() if name.startswith(_ENDED))
        completed, failed = ended[PostStatus.COMPLETED.value], ended[PostStatus.FAILED.value]
        generating = max(0, claimed - completed - failed)
        planned = total - generating - completed - failed
        return PostCounts(total=total, planned=planned, generating=generating, completed=completed, failed=failed)

    def count(self, key: CampaignKey) -> PostCounts:
        items = self._table.query(keys.campaign_partition(key), keys.POSTS, only=("status",))
        by_status = Counter(item["status"] for item in items)
        # Published and unpublishable posts were completed before: what counts here is whether they were written.
        written = (PostStatus.COMPLETED, PostStatus.PUBLISHED, PostStatus.PUBLISH_FAILED)
        return PostCounts(
            total=by_status.total(),
            planned=by_status[PostStatus.PLANNED],
            generating=by_status[PostStatus.GENERATING],
            completed=sum(by_status[status] for status in written),
            failed=by_status[PostStatus.FAILED],
        )


def _fields(post: Post) -> dict[str, Any]:
    """Without defaults, to keep the item small, but with what conditions and counts read."""
    fields = post.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return fields | {"status": post.status.value, "version": post.version}


def _next(post: Post, change: Mapping[str, Any]) -> dict[str, Any]:
    return {**change, "version": post.version + 1}


def _changed(post: Post, change: Mapping[str, Any]) -> Post:
    """The post as the table has it after the change."""
    wire = post.to_wire() | _next(post, change)
    return Post.from_wire({name: value for name, value in wire.items() if value is not None})


def _holder(post: Post) -> tuple[object, ...]:
    return post.version, post.status, post.claim


def _ended_marks(posts: Iterable[Post]) -> dict[str, str]:
    ended = (PostStatus.COMPLETED, PostStatus.FAILED)
    return {f"{_ENDED}{post.index}": post.status.value for post in posts if post.status in ended}
