"""Approval requests in memory."""

from datetime import datetime
from itertools import count
from threading import Lock
from typing import Any

from lambdas.domain.due import Kind, entry_for
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from lambdas.domain.ids import CallbackId, CampaignKey
from lambdas.domain.models.approval import Approval, ApprovalStatus, ClosedBecause, MadeDecision, Vote
from lambdas.domain.models.base import iso
from lambdas.ports.stores import Clock
from tests.fakes.due import MemoryDue
from tests.fakes.system import MemoryClock


class MemoryApprovals:
    """``words``: what was said, by the id of the vote. ``entries``: the due index."""

    def __init__(self, entries: MemoryDue | None = None, clock: Clock | None = None) -> None:
        self.entries = entries or MemoryDue()
        self.words: dict[str, dict[str, Any]] = {}
        self._clock = clock or MemoryClock()
        self._records: dict[tuple[CampaignKey, CallbackId], dict[str, Any]] = {}
        self._ids = count()
        self._lock = Lock()

    def create(self, approval: Approval) -> bool:
        with self._lock:
            self._put_entry(approval, approval.due_at or approval.created_at)
            place = (approval.key, approval.callback_id)
            new = place not in self._records
            self._records.setdefault(place, approval.to_record())
        return new

    def get(self, key: CampaignKey, callback_id: CallbackId) -> Approval:
        if (key, callback_id) not in self._records:
            raise NotFoundError(f"there is no request for approval {callback_id}")
        return Approval.from_record(self._records[key, callback_id])

    def all(self, key: CampaignKey) -> list[Approval]:
        with self._lock:
            found = [Approval.from_record(wire) for (owner, _), wire in self._records.items() if owner == key]
        return sorted(found, key=lambda approval: (approval.created_at, approval.callback_id))

    def decide(self, key: CampaignKey, callback_id: CallbackId, decision: MadeDecision) -> Approval:
        with self._lock:
            status = self.get(key, callback_id).status
            if status != ApprovalStatus.PENDING:
                raise ConflictError("the request for approval is not pending", details={"status": status.value})
            change = {"status": ApprovalStatus.DECIDED.value, "decision": decision.to_record()}
            self._records[key, callback_id] = self._records[key, callback_id] | change
            return self.get(key, callback_id)

    def close(self, key: CampaignKey, callback_id: CallbackId, because: ClosedBecause = ClosedBecause.ENDED) -> None:
        with self._lock:
            status = self.get(key, callback_id).status
            change: dict[str, Any] = {}
            if status == ApprovalStatus.PENDING:
                change = {"status": ApprovalStatus.CLOSED.value, "closedBecause": because.value}
            elif because is ClosedBecause.SUPERSEDED:
                change = {"closedBecause": because.value}
            self._records[key, callback_id] = self._records[key, callback_id] | change

    def amend(
        self, approval: Approval, *, due_at: datetime | None = None, was: ApprovalStatus = ApprovalStatus.PENDING
    ) -> Approval:
        with self._lock:
            if due_at:
                self._put_entry(approval, due_at)
            stored = self.get(approval.key, approval.callback_id)
            if stored.status != was or stored.version != approval.version:
                raise ConcurrentUpdateError("the request for approval changed meanwhile")
            due = {"due_at": due_at} if due_at else {}
            wire = approval.model_copy(update={"version": approval.version + 1, **due}).to_record()
            self._records[approval.key, approval.callback_id] = wire
            return Approval.from_record(wire)

    def mark_resumed(self, key: CampaignKey, callback_id: CallbackId, at: datetime) -> None:
        with self._lock:
            self.get(key, callback_id)
            self._records[key, callback_id] = self._records[key, callback_id] | {"resumedAt": iso(at)}

    def keep_words(self, _approval: Approval, vote: Vote) -> Vote:
        if not vote.comments and not vote.posts:
            return vote
        with self._lock:
            vote_id = f"vote-{next(self._ids)}"
            wire = vote.to_record()
            self.words[vote_id] = {name: wire[name] for name in ("comments", "posts") if name in wire}
        return vote.model_copy(update={"comments": "", "posts": (), "words": vote_id})

    def forget_words(self, _approval: Approval, vote: Vote) -> None:
        with self._lock:
            self.words.pop(vote.words or "", None)

    def votes(self, approval: Approval) -> tuple[Vote, ...]:
        with self._lock:
            said = [vote.to_record() | self.words.get(vote.words or "", {}) for vote in approval.votes]
        return tuple(Vote.from_record(vote) for vote in said)

    def adopt(self, _shard: int) -> int:
        """There are no older versions in memory."""
        return 0

    def _put_entry(self, approval: Approval, due_at: datetime) -> None:
        now = self._clock.now()
        self.entries.put(entry_for(Kind.APPROVAL, approval.key, due_at, now, approval.callback_id))
