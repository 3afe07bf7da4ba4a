"""Approval requests in the table.

Actions on the table: ``dynamodb:PutItem`` (create, amend, keep_words), ``GetItem`` (get), ``Query`` (all, votes),
``UpdateItem`` (decide, close, mark_resumed), ``DeleteItem`` (forget_words); ``adopt`` takes ``Query``, ``PutItem`` and
``DeleteItem``.

The entry in the due index is put before the record (``services/due.py``), or in one transaction with a new record.
What reviewers said lies in items of its own, split so that none comes near the 400 KB an item may have
(docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from lambdas.adapters.system import SystemClock, UlidSource
from lambdas.adapters.table import due_store, keys
from lambdas.adapters.table.due_store import TableDue
from lambdas.domain.due_entry import Kind, entry_for
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from lambdas.domain.ids import CallbackId, CampaignId, CampaignKey, TenantId
from lambdas.domain.models.approval import Approval, ApprovalStatus, ClosedBecause, MadeDecision, PostDecision, Vote
from lambdas.domain.models.base import iso
from lambdas.domain.record_size import record_bytes
from lambdas.ports.stores import Clock
from lambdas.ports.table import (
    EXISTS,
    NEW,
    Absent,
    AllOf,
    AnyOf,
    Condition,
    ConditionFailedError,
    Equals,
    ItemKey,
    OneOf,
    Prefix,
    Put,
    Record,
    Table,
    Update,
)

PART_BYTES = 200_000
"""Of what was said about posts, in one item."""
_ADOPTED = 100
"""Requests of older versions in one go."""


class TableApprovals:
    def __init__(self, table: Table, clock: Clock | None = None) -> None:
        self._table = table
        self._due = TableDue(table)
        self._clock = clock or SystemClock()

    def create(self, approval: Approval) -> bool:
        due_at = approval.due_at or approval.created_at
        entry = entry_for(Kind.APPROVAL, approval.key, due_at, self._clock.now(), approval.callback_id)
        return self._stored(
            [
                Put(keys.approval(approval.key, approval.callback_id), _record(approval), NEW),
                Put(due_store.place(entry), due_store.fields(entry)),
            ]
        )

    def get(self, key: CampaignKey, callback_id: CallbackId) -> Approval:
        found = self._table.get(keys.approval(key, callback_id))
        if found is None:
            raise _unknown(callback_id)
        return self._read(found)

    def all(self, key: CampaignKey) -> list[Approval]:
        items = self._table.query(keys.campaign_partition(key), Prefix(keys.APPROVALS))
        found = [self._read(item) for item in items]
        return sorted(found, key=lambda approval: (approval.created_at, approval.callback_id))

    def decide(self, key: CampaignKey, callback_id: CallbackId, decision: MadeDecision) -> Approval:
        changes = {"status": ApprovalStatus.DECIDED.value, "decision": decision.to_record()}
        return self._read(self._update(key, callback_id, [ApprovalStatus.PENDING], changes))

    def close(self, key: CampaignKey, callback_id: CallbackId, because: ClosedBecause = ClosedBecause.ENDED) -> None:
        changes = {"status": ApprovalStatus.CLOSED.value, "closedBecause": because.value}
        place = keys.approval(key, callback_id)
        try:
            self._table.update_if(Update(place, changes, Equals("status", ApprovalStatus.PENDING.value)))
        except ConditionFailedError as failed:
            if failed.old is None:
                raise _unknown(callback_id) from failed
            if because is ClosedBecause.SUPERSEDED:
                over = OneOf("status", [ApprovalStatus.DECIDED.value, ApprovalStatus.CLOSED.value])
                self._table.update_if(Update(place, {"closedBecause": because.value}, over))

    def amend(
        self, approval: Approval, *, due_at: datetime | None = None, was: ApprovalStatus = ApprovalStatus.PENDING
    ) -> Approval:
        if due_at:
            self._put_entry(approval.key, approval.callback_id, due_at)
        place = keys.approval(approval.key, approval.callback_id)
        due = {"due_at": due_at} if due_at else {}
        amended = approval.model_copy(update={"version": approval.version + 1, **due})
        writes = [Put(place, _record(amended), AllOf([Equals("status", was.value), _has_version(approval.version)]))]
        if not approval.layout:
            writes.append(Put(self._place_beside(approval), _beside(amended)))
        if not self._stored(writes):
            raise ConcurrentUpdateError("the request for approval changed meanwhile")
        return amended

    def mark_resumed(self, key: CampaignKey, callback_id: CallbackId, at: datetime) -> Approval:
        return self._read(self._update(key, callback_id, list(ApprovalStatus), {"resumedAt": iso(at)}))

    def keep_words(self, approval: Approval, vote: Vote) -> Vote:
        if not (vote.comments or vote.posts) or approval.layout == 0:
            return vote
        # An id of its own: the same reviewer may be answering twice at this moment.
        vote_id = UlidSource().ulid()
        for part, words in enumerate(_parts(vote)):
            words["vote"] = vote_id
            self._table.put(keys.words(approval.key, approval.callback_id, vote_id, part), words)
        return vote.model_copy(update={"comments": "", "posts": (), "words": vote_id})

    def forget_words(self, approval: Approval, vote: Vote) -> None:
        if vote.words is None:
            return
        part = 0
        while self._table.delete_if(keys.words(approval.key, approval.callback_id, vote.words, part), EXISTS):
            part += 1

    def votes(self, approval: Approval) -> tuple[Vote, ...]:
        return self._with_words(approval, tuple(vote for vote in approval.votes if approval.counts(vote)))

    def everything_said(self, approval: Approval) -> tuple[Vote, ...]:
        return self._with_words(approval, approval.votes)

    def _with_words(self, approval: Approval, counted: tuple[Vote, ...]) -> tuple[Vote, ...]:
        if all(vote.words is None for vote in counted):
            return counted
        partition, prefix = keys.campaign_partition(approval.key), keys.words_prefix(approval.callback_id)
        said: dict[str, list[dict[str, Any]]] = {}
        for item in self._table.query(partition, Prefix(prefix)):
            said.setdefault(item["vote"], []).append(item)
        return tuple(_with_words(vote, said.get(vote.words or "", [])) for vote in counted)

    def adopt(self, shard: int) -> int:
        partition = keys.open_approvals_partition(shard)
        notes = self._table.query(partition, Prefix(keys.THIS_ERA), limit=_ADOPTED)
        for note in notes:
            callback_id = CallbackId(note["callbackId"])
            key = CampaignKey(TenantId(note["tenantId"]), CampaignId(note["campaignId"]))
            # The entry first: what is adopted twice is looked at twice, and no request is forgotten.
            self._put_entry(key, callback_id, self._clock.now())
            self._table.delete_if(ItemKey(partition, callback_id), EXISTS)
        return len(notes)

    def _stored(self, writes: Sequence[Put]) -> bool:
        """Whether they were, which takes a transaction where they are two."""
        if len(writes) == 1 and (condition := writes[0].condition):
            return self._table.put_if(writes[0].key, writes[0].fields, condition)
        try:
            self._table.transact(writes)
        except ConditionFailedError:
            return False
        return True

    def _read(self, record: dict[str, Any]) -> Approval:
        approval = Approval.from_record(record)
        if approval.layout:
            return approval
        return Approval.from_record(_with_beside(record, self._table.get(self._place_beside(approval))))

    def _place_beside(self, approval: Approval) -> ItemKey:
        return keys.beside_approval(approval.key, approval.callback_id)

    def _put_entry(self, key: CampaignKey, callback_id: CallbackId, due_at: datetime) -> None:
        self._due.put(entry_for(Kind.APPROVAL, key, due_at, self._clock.now(), callback_id))

    def _update(
        self, key: CampaignKey, callback_id: CallbackId, expected: Sequence[ApprovalStatus], changes: dict[str, Any]
    ) -> Record:
        status_is = OneOf("status", [status.value for status in expected])
        try:
            return self._table.update_if(Update(keys.approval(key, callback_id), changes, status_is))
        except ConditionFailedError as failed:
            if failed.old is None:
                raise _unknown(callback_id) from failed
            status = failed.old["status"]
            raise ConflictError("the request for approval is not pending", details={"status": status}) from failed


_NEWER = ("editing", "announcedStage", "askedAgainAt", "dueAt", "layout")
_NEWER_OF_REVIEWERS = ("mail", "owed", "mailTries", "mailAfter", "revoked", "escalated")


def _record(approval: Approval) -> dict[str, Any]:
    """As it is stored; one that an execution of before waits for without the fields that fail it.

    They lie beside it (``_beside``). Of its votes those that count have no hash, and the others are left out. Once a
    newer execution takes it over it is stored as a whole.
    """
    record = approval.to_record()
    if approval.layout:
        return record
    older = {name: value for name, value in record.items() if name not in _NEWER}
    older["reviewers"] = [
        {name: value for name, value in reviewer.items() if name not in _NEWER_OF_REVIEWERS}
        for reviewer in record["reviewers"]
    ]
    older["votes"] = [
        {name: value for name, value in stored.items() if name not in ("contentHash", "unopened")}
        for vote, stored in zip(approval.votes, record["votes"], strict=True)
        if approval.counts(vote)
    ]
    if approval.decision and not approval.decision.posts_in_votes:
        older["decision"] = {name: value for name, value in record["decision"].items() if name != "postsInVotes"}
    return older


def _beside(approval: Approval) -> dict[str, Any]:
    """The fields that an older execution refuses, but ``dueAt``: such a request agrees with every entry of the index,
    because its own execution moves it without one."""
    record = approval.to_record()
    kept = {name: record[name] for name in _NEWER if name in record and name not in ("dueAt", "layout")}
    reviewers = {
        reviewer["email"]: {name: reviewer[name] for name in _NEWER_OF_REVIEWERS if name in reviewer}
        for reviewer in record["reviewers"]
    }
    return {**kept, "reviewers": reviewers, "version": approval.version}


def _with_beside(record: dict[str, Any], beside: dict[str, Any] | None) -> dict[str, Any]:
    """Marks of mails hold for the version of the record they were written with, edits until they are taken off."""
    if beside is None:
        return record
    if beside["version"] != record.get("version", 0):
        return record | {"editing": beside.get("editing", [])}
    marks = beside["reviewers"]
    reviewers = [reviewer | marks.get(reviewer["email"], {}) for reviewer in record["reviewers"]]
    return record | {name: beside[name] for name in _NEWER if name in beside} | {"reviewers": reviewers}


def _has_version(version: int) -> Condition:
    """Requests of before there were versions have none."""
    return Equals("version", version) if version else AnyOf([Absent("version"), Equals("version", 0)])


def _size(posts: Sequence[PostDecision]) -> int:
    return sum(record_bytes(post.to_wire()) for post in posts)


def _parts(vote: Vote) -> Iterator[dict[str, Any]]:
    """What a vote says, in items of at most ``PART_BYTES`` and one post."""
    part: dict[str, Any] = {"comments": vote.comments, "posts": []}
    size = 0
    for post in vote.posts:
        wire, more = post.to_wire(), _size([post])
        if size + more > PART_BYTES and part["posts"]:
            yield part
            part, size = {"posts": []}, 0
        part["posts"].append(wire)
        size += more
    yield part


def _with_words(vote: Vote, parts: Sequence[dict[str, Any]]) -> Vote:
    if vote.words is None:
        return vote
    said = {"comments": "".join(part.get("comments", "") for part in parts), "posts": []}
    for part in parts:
        said["posts"] += part["posts"]
    return Vote.from_record(vote.to_record() | said)


def _unknown(callback_id: CallbackId) -> NotFoundError:
    return NotFoundError(f"there is no request for approval {callback_id}")
