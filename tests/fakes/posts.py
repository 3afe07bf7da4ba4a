"""Posts in memory."""

from collections import Counter
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from lambdas.adapters.table.cursors import decode_cursor, encode_cursor
from lambdas.domain.batch_lease import may_claim, under_claims
from lambdas.domain.errors import ConcurrentUpdateError, NotFoundError
from lambdas.domain.ids import CampaignKey, PostId
from lambdas.domain.models.campaign import PostCounts
from lambdas.domain.models.post import Batch, Claim, Post, PostStatus
from lambdas.domain.record_size import first_page
from lambdas.ports.stores import Page

_RESULT_FIELDS = ("status", "completedAt", "content", "provenance", "error")
_WRITTEN_FIELDS = ("completedAt", "content", "provenance", "error", "edit")


class MemoryPosts:
    def __init__(self) -> None:
        self._posts: dict[CampaignKey, dict[PostId, dict[str, Any]]] = {}
        self._batches: dict[CampaignKey, dict[int, Batch]] = {}
        self._claims: dict[CampaignKey, dict[int, Claim]] = {}
        self._lock = Lock()

    def plan(self, key: CampaignKey, posts: Sequence[Post], batches: Sequence[Batch]) -> None:
        with self._lock:
            stored, tallies = self._posts.setdefault(key, {}), self._batches.setdefault(key, {})
            for post in posts:
                stored.setdefault(post.post_id, post.to_record())
            for batch in batches:
                tallies.setdefault(batch.batch_id, batch)

    def get(self, key: CampaignKey, post_id: PostId) -> Post:
        found = self.get_many(key, [post_id])
        if not found:
            raise NotFoundError(f"there is no post {post_id}")
        return found[0]

    def get_many(self, key: CampaignKey, post_ids: Sequence[PostId]) -> list[Post]:
        stored = self._posts.get(key, {})
        return [Post.from_record(stored[post_id]) for post_id in post_ids if post_id in stored]

    def page(self, key: CampaignKey, limit: int, cursor: str | None = None) -> Page[Post]:
        after = decode_cursor(cursor) if cursor else ""
        with self._lock:
            rest = sorted(post_id for post_id in self._posts.get(key, {}) if post_id > after)
            found, more = first_page([self._posts[key][post_id] for post_id in rest], limit)
        items = [Post.from_record(record) for record in found]
        return Page(items, encode_cursor(items[-1].post_id) if more else None)

    def claim(self, key: CampaignKey, batch_id: int, claim: Claim) -> bool:
        with self._lock:
            claims = self._claims.setdefault(key, {})
            free = batch_id in self._batches.get(key, {}) and may_claim(claims.get(batch_id), claim)
            if free:
                claims[batch_id] = Claim.from_record(claim.to_record())
            return free

    def claims(self, key: CampaignKey) -> dict[int, Claim]:
        with self._lock:
            return dict(self._claims.get(key, {}))

    def release(self, key: CampaignKey, batch_id: int, claim: Claim) -> None:
        with self._lock:
            if self._claims.get(key, {}).get(batch_id) == claim:
                del self._claims[key][batch_id]

    def reopen(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        change = {"status": PostStatus.PLANNED.value}
        changes: dict[PostId, tuple[int, dict[str, Any]]] = {post.post_id: (post.version, change) for post in posts}
        return self._change(key, changes, drop=("error", "completedAt"))

    def finish(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        changes: dict[PostId, tuple[int, dict[str, Any]]] = {}
        for post in posts:
            wire = post.to_record()
            changes[post.post_id] = (post.version, {name: wire[name] for name in _RESULT_FIELDS if name in wire})
        return self._change(key, changes)

    def revise(self, key: CampaignKey, batch_id: int, posts: Sequence[Post]) -> list[Post]:
        changes: dict[PostId, tuple[int, dict[str, Any]]] = {}
        for post in posts:
            revision = post.revision.to_record() if post.revision else None
            changes[post.post_id] = (post.version, {"status": PostStatus.PLANNED.value, "revision": revision})
        with self._lock:
            self._claims.get(key, {}).pop(batch_id, None)
        return self._change(key, changes, drop=_WRITTEN_FIELDS)

    def edit(self, key: CampaignKey, post: Post) -> Post:
        wire = post.to_record()
        change: dict[str, Any] = {name: wire[name] for name in ("content", "provenance", "edit") if name in wire}
        changed = self._change(key, {post.post_id: (post.version, change)})
        if not changed:
            raise ConcurrentUpdateError("the post changed meanwhile")
        return changed[0]

    def _change(
        self,
        key: CampaignKey,
        changes: Mapping[PostId, tuple[int, dict[str, Any]]],
        *,
        drop: Sequence[str] = (),
    ) -> list[Post]:
        changed = []
        with self._lock:
            stored = self._posts.get(key, {})
            for post_id, (version, change) in changes.items():
                wanted = change | {"version": version + 1}
                if post_id in stored and stored[post_id]["version"] == version:
                    kept = {name: value for name, value in stored[post_id].items() if name not in drop}
                    stored[post_id] = kept | wanted
                    changed.append(post_id)
                elif all(stored.get(post_id, {}).get(name) == value for name, value in wanted.items()):
                    changed.append(post_id)  # the same request again, whose answer was lost
            return self.get_many(key, changed)

    def progress(self, key: CampaignKey) -> PostCounts:
        """Here as exact as ``count``; the total is that of the batches."""
        with self._lock:
            total = sum(len(batch.post_ids) for batch in self._batches.get(key, {}).values())
        counts = self.count(key)
        return counts.model_copy(update={"total": total, "planned": total - counts.total + counts.planned})

    def count(self, key: CampaignKey) -> PostCounts:
        with self._lock:
            posts = [Post.from_record(post) for post in self._posts.get(key, {}).values()]
        by_status = Counter(post.status for post in under_claims(posts, self.claims(key)))
        # Published and unpublishable posts were completed before: what counts here is whether they were written.
        written = (PostStatus.COMPLETED, PostStatus.PUBLISHED, PostStatus.PUBLISH_FAILED)
        return PostCounts(
            total=by_status.total(),
            planned=by_status[PostStatus.PLANNED],
            generating=by_status[PostStatus.GENERATING],
            completed=sum(by_status[status] for status in written),
            failed=by_status[PostStatus.FAILED],
        )
