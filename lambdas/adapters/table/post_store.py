"""Posts in the table: the store that decides how fast a campaign is built.

Actions on the table: ``dynamodb:PartiQLInsert`` (plan), ``UpdateItem`` (claim, release), ``PartiQLUpdate`` (finish,
reopen, revise, edit), ``GetItem`` (get), ``Query`` (plan, get_many, finish, page, claims, progress, count).

Writes are what a campaign costs, so a batch is claimed by one write to its own item and its posts are not touched;
round trips dominate, so they are finished by one request: a PartiQL batch, in which every statement has its own
condition and its own outcome. The same request marks the posts on the batch's item, from which ``progress`` is
counted without reading the posts. Only ``reopen`` and ``revise`` unset a mark, so that requests that come late or
twice do no harm.

Write units of a post under 1 KB planned and 2 KB written: 1 to plan, 2 to finish, and 3 for the batch's item divided
by its posts. Read units: one for each begun 4 KB of the batch, since neighbours are read by one query.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from lambdas.adapters.table import keys
from lambdas.adapters.table.cursors import decode_cursor, encode_cursor, page_of
from lambdas.adapters.table.partiql import chunks, write_units
from lambdas.domain.errors import ConcurrentUpdateError, NotFoundError
from lambdas.domain.ids import CampaignKey, PostId
from lambdas.domain.models.campaign import PostCounts
from lambdas.domain.models.post import Batch, Claim, Post, PostStatus
from lambdas.ports.stores import Page
from lambdas.ports.table import (
    BATCH,
    EXISTS,
    NEW,
    Absent,
    AllOf,
    AnyOf,
    AtMost,
    Between,
    Condition,
    ConditionFailedError,
    Equals,
    Prefix,
    Put,
    Table,
    Update,
    Write,
)

_RESULT_FIELDS = ("status", "completedAt", "content", "provenance", "error", "revision")
_WRITTEN_FIELDS = ("completedAt", "content", "provenance", "error", "edit")
_EDITED_FIELDS = ("content", "provenance", "edit", "scheduledAt", "movedFrom", "dropped")
_DROPPED = "dropped"
_ENDED = "ended"
"""A batch's item has ``ended<index>: completed|failed|dropped`` of its posts, and the ``claim`` of who writes them."""


class TablePosts:
    def __init__(self, table: Table) -> None:
        self._table = table

    def plan(
        self, key: CampaignKey, posts: Sequence[Post], batches: Sequence[Batch], there: Collection[PostId] = ()
    ) -> None:
        # An insert of what is there costs as much as a new one, and a repeated step has most of it already.
        new: list[Write] = [
            Put(keys.post(key, post.post_id), _fields(post), NEW) for post in posts if post.post_id not in there
        ]
        found = self._table.query(keys.campaign_partition(key), Prefix(keys.BATCHES), only=["batchId"]) if there else []
        tallied = {item["batchId"] for item in found}
        for batch in batches:
            if batch.batch_id not in tallied:
                fields = {"batchId": batch.batch_id, "total": len(batch.post_ids)}
                new.append(Put(keys.batch(key, batch.batch_id), fields, NEW))
        self._table.batch(new)

    def get(self, key: CampaignKey, post_id: PostId) -> Post:
        found = self._table.get(keys.post(key, post_id))
        if found is None:
            raise NotFoundError(f"there is no post {post_id}")
        return Post.from_record(found)

    def get_many(self, key: CampaignKey, post_ids: Sequence[PostId]) -> list[Post]:
        if not post_ids:
            return []
        ends = (keys.post(key, post_id).sk for post_id in (min(post_ids), max(post_ids)))
        items = self._table.query(keys.campaign_partition(key), Between(*ends))
        found = {item["postId"]: item for item in items}
        return [Post.from_record(found[post_id]) for post_id in post_ids if post_id in found]

    def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Post]:
        after = keys.post(key, PostId(decode_cursor(cursor))) if cursor else None
        found, more = page_of(self._table, keys.campaign_partition(key), keys.POSTS, limit, after)
        items = [Post.from_record(item) for item in found]
        return Page(items, encode_cursor(items[-1].post_id) if more else None)

    def claim(self, key: CampaignKey, batch_id: int, claim: Claim) -> bool:
        update = Update(keys.batch(key, batch_id), {"claim": claim.to_record()}, _may_claim(claim))
        try:
            self._table.update_if(update)
        except ConditionFailedError:
            return False
        return True

    def claims(self, key: CampaignKey) -> dict[int, Claim]:
        batches = self._table.query(keys.campaign_partition(key), Prefix(keys.BATCHES))
        return {item["batchId"]: Claim.from_record(item["claim"]) for item in batches if "claim" in item}

    def finish(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        changes = []
        for post in posts:
            fields = _fields(post)
            changes.append((post, {name: fields[name] for name in _RESULT_FIELDS if name in fields}))
        return self._write(key, batch_id, changes, _ended_marks(posts))

    def reopen(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        fresh = {"status": PostStatus.PLANNED.value, "error": None, "completedAt": None}
        return self._write(key, batch_id, [(post, dict(fresh)) for post in posts], _unended(posts))

    def release(self, key: CampaignKey, batch_id: int, claim: Claim) -> None:
        with suppress(ConditionFailedError):
            place = keys.batch(key, batch_id)
            self._table.update_if(Update(place, {"claim": None}, Equals("claim", claim.to_record())))

    def revise(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        # Nulls rather than a REMOVE, which not every emulator can say; they are dropped on reading.
        gone: dict[str, Any] = dict.fromkeys(_WRITTEN_FIELDS)
        changes = []
        for post in posts:
            revision = post.revision.to_record() if post.revision else None
            changes.append((post, {**gone, "status": PostStatus.PLANNED.value, "revision": revision}))
        return self._write(key, batch_id, changes, {"claim": None, **_unended(posts)})

    def edit(self, key: CampaignKey, post: Post) -> Post:
        fields = _fields(post)
        # Nulls where an edit takes something back (``revise``).
        change: dict[str, Any] = {name: fields.get(name) for name in _EDITED_FIELDS}
        if self._table.batch([_update(key, post, change)]) != [True]:
            raise ConcurrentUpdateError("the post changed meanwhile")
        self._table.batch([Update(keys.batch(key, post.batch_id), _ended_marks([post]))])
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
        tally = Update(keys.batch(key, batch_id), marks)
        written: list[Post] = []
        lost: list[Post] = []
        # Almost always one request: a batch is smaller than what fits.
        for chunk in chunks(changes, BATCH - 1):
            updates = [_update(key, post, change) for post, change in chunk]
            *stored, _ = self._table.batch([*updates, tally])  # no such batch: nothing to tally
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
        wanted = {post.post_id: post for post in lost}
        found = self.get_many(key, list(wanted))
        mine = [post for post in found if post == wanted[post.post_id]]
        marks = _ended_marks(post for post in found if post not in mine)
        if marks:
            self._table.batch([Update(keys.batch(key, batch_id), marks)])
        return mine

    def progress(self, key: CampaignKey) -> PostCounts:
        tallies = self._table.query(keys.campaign_partition(key), Prefix(keys.BATCHES), consistent=False)
        counts = [_tallied(tally) for tally in tallies]
        return PostCounts(**{name: sum(getattr(count, name) for count in counts) for name in PostCounts.model_fields})

    def count(self, key: CampaignKey) -> PostCounts:
        items = self._table.query(
            keys.campaign_partition(key), Prefix(keys.POSTS), only=("status", "batchId", _DROPPED)
        )
        claimed = self.claims(key)
        by_status = Counter(_DROPPED if item.get(_DROPPED) else item["status"] for item in items)
        held = sum(item["status"] == PostStatus.PLANNED and item["batchId"] in claimed for item in items)
        # Published and unpublishable posts were completed before: what counts here is whether they were written.
        written = (PostStatus.COMPLETED, PostStatus.PUBLISHED, PostStatus.PUBLISH_FAILED)
        return PostCounts(
            total=by_status.total(),
            planned=by_status[PostStatus.PLANNED] - held,
            generating=by_status[PostStatus.GENERATING] + held,
            completed=sum(by_status[status] for status in written),
            failed=by_status[PostStatus.FAILED],
            dropped=by_status[_DROPPED],
        )


def _may_claim(claim: Claim) -> Condition:
    """A batch is free, or taken over by its holder's next attempt, or by anybody after its lease.

    The engine starts the next attempt of a task only when the last one has ended, so the owner's need not wait. The
    same claim again is a request that was repeated because its answer was lost. A claim that was taken away is a null:
    it has no owner.
    """
    held = claim.to_record()
    lapsed = AtMost("claim.expiresAt", held["claimedAt"])
    own = AllOf([Equals("claim.owner", claim.owner), AtMost("claim.attempt", claim.attempt - 1)])
    return AllOf([EXISTS, AnyOf([Absent("claim.owner"), Equals("claim", held), lapsed, own])])


def _tallied(batch: Mapping[str, Any]) -> PostCounts:
    ended = Counter(value for name, value in batch.items() if name.startswith(_ENDED))
    completed, failed, dropped = (ended[kind] for kind in (PostStatus.COMPLETED, PostStatus.FAILED, _DROPPED))
    left = batch["total"] - completed - failed - dropped
    held = "claim" in batch
    return PostCounts(
        total=batch["total"],
        planned=0 if held else left,
        generating=left if held else 0,
        completed=completed,
        failed=failed,
        dropped=dropped,
    )


def _fields(post: Post) -> dict[str, Any]:
    """Without defaults, to keep the item small, but with what conditions and counts read."""
    fields = post.to_record(without_defaults=True)
    return fields | {"status": post.status.value, "version": post.version}


def _update(key: CampaignKey, post: Post, change: Mapping[str, Any]) -> Update:
    """Change a post if its version is still the one given."""
    # Its size is that of the larger of its two versions, which is nearly always the one with a text.
    units = write_units({**_fields(post), **change})
    same = Equals("version", post.version)
    return Update(keys.post(key, post.post_id), _next(post, change), same, units=units)


def _next(post: Post, change: Mapping[str, Any]) -> dict[str, Any]:
    return {**change, "version": post.version + 1}


def _changed(post: Post, change: Mapping[str, Any]) -> Post:
    """The post as the table has it after the change."""
    wire = post.to_record() | _next(post, change) | {"claim": None}
    return Post.from_record({name: value for name, value in wire.items() if value is not None})


def _unended(posts: Iterable[Post]) -> dict[str, None]:
    """Marks of posts that are to be written again."""
    return {f"{_ENDED}{post.index}": None for post in posts}


def _ended_marks(posts: Iterable[Post]) -> dict[str, str]:
    ended = (PostStatus.COMPLETED, PostStatus.FAILED)
    return {
        f"{_ENDED}{post.index}": _DROPPED if post.dropped else post.status.value
        for post in posts
        if post.status in ended
    }
