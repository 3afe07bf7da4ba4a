"""Approval requests in memory."""

from datetime import datetime
from threading import Lock
from typing import Any

from lambdas.core.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from lambdas.core.ids import CallbackId, CampaignKey
from lambdas.core.models.approval import Approval, ApprovalStatus, ClosedBecause, MadeDecision, is_open
from lambdas.core.models.base import iso


class MemoryApprovals:
    def __init__(self) -> None:
        self._records: dict[tuple[CampaignKey, CallbackId], dict[str, Any]] = {}
        self._lock = Lock()

    def create(self, approval: Approval) -> None:
        key = CampaignKey(approval.tenant_id, approval.campaign_id)
        with self._lock:
            self._records.setdefault((key, approval.callback_id), approval.to_record())

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
            elif status == ApprovalStatus.DECIDED and because is ClosedBecause.SUPERSEDED:
                change = {"closedBecause": because.value}
            self._records[key, callback_id] = self._records[key, callback_id] | change

    def amend(self, approval: Approval) -> Approval:
        key = CampaignKey(approval.tenant_id, approval.campaign_id)
        with self._lock:
            stored = self.get(key, approval.callback_id)
            if stored.status != ApprovalStatus.PENDING or stored.version != approval.version:
                raise ConcurrentUpdateError("the request for approval changed meanwhile")
            wire = approval.model_copy(update={"version": approval.version + 1}).to_record()
            self._records[key, approval.callback_id] = wire
            return Approval.from_record(wire)

    def open(self) -> list[Approval]:
        with self._lock:
            found = [Approval.from_record(wire) for wire in self._records.values()]
        return [approval for approval in found if is_open(approval)]

    def mark_resumed(self, key: CampaignKey, callback_id: CallbackId, at: datetime) -> None:
        with self._lock:
            self.get(key, callback_id)
            self._records[key, callback_id] = self._records[key, callback_id] | {"resumedAt": iso(at)}
