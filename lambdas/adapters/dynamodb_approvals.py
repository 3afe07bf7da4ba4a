"""Approval requests in the table.

Actions on the table: ``dynamodb:PutItem`` (create, amend), ``GetItem`` (get), ``Query`` (all), ``UpdateItem`` (decide,
close, mark_resumed); ``open`` takes ``Query``, ``BatchGetItem`` and ``DeleteItem``.

Beside each request lies a note in one of a few partitions, so that what is open is found without an index: it is
written before the request and cleared away by ``open`` itself, once the request is closed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lambdas.adapters import dynamodb_keys as keys
from lambdas.adapters.dynamodb_table import ConditionFailedError, Table
from lambdas.core.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from lambdas.core.ids import CallbackId, CampaignKey
from lambdas.core.models.approval import Approval, ApprovalStatus, ClosedBecause, MadeDecision, is_open
from lambdas.core.models.base import iso

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoApprovals:
    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def create(self, approval: Approval) -> None:
        key = CampaignKey(approval.tenant_id, approval.campaign_id)
        # The note first: one without a request is cleared away, a request without one would never be looked after.
        note = {"tenantId": key.tenant_id, "campaignId": key.campaign_id, "callbackId": approval.callback_id}
        self._table.put(keys.open_approval(approval.callback_id), note)
        self._table.put_new(keys.approval(key, approval.callback_id), approval.to_record())

    def get(self, key: CampaignKey, callback_id: CallbackId) -> Approval:
        found = self._table.get(keys.approval(key, callback_id))
        if found is None:
            raise _unknown(callback_id)
        return Approval.from_record(found)

    def all(self, key: CampaignKey) -> list[Approval]:
        items = self._table.query(keys.campaign_partition(key), keys.APPROVALS)
        found = [Approval.from_record(item) for item in items]
        return sorted(found, key=lambda approval: (approval.created_at, approval.callback_id))

    def decide(self, key: CampaignKey, callback_id: CallbackId, decision: MadeDecision) -> Approval:
        changes = {"status": ApprovalStatus.DECIDED.value, "decision": decision.to_record()}
        return Approval.from_record(self._update(key, callback_id, [ApprovalStatus.PENDING], changes))

    def close(self, key: CampaignKey, callback_id: CallbackId, because: ClosedBecause = ClosedBecause.ENDED) -> None:
        changes = {"status": ApprovalStatus.CLOSED.value, "closedBecause": because.value}
        place = keys.approval(key, callback_id)
        try:
            self._table.update_if_status(place, [ApprovalStatus.PENDING], changes)
        except ConditionFailedError as failed:
            if failed.old is None:
                raise _unknown(callback_id) from failed
            if because is ClosedBecause.SUPERSEDED and failed.old["status"] == ApprovalStatus.DECIDED:
                self._table.update_if_status(place, [ApprovalStatus.DECIDED], {"closedBecause": because.value})

    def amend(self, approval: Approval) -> Approval:
        key = CampaignKey(approval.tenant_id, approval.campaign_id)
        place = keys.approval(key, approval.callback_id)
        amended = approval.model_copy(update={"version": approval.version + 1})
        if not self._table.put_if_version(place, amended.to_record(), ApprovalStatus.PENDING, approval.version):
            raise ConcurrentUpdateError("the request for approval changed meanwhile")
        return amended

    def open(self) -> list[Approval]:
        notes = [note for shard in keys.open_approval_partitions() for note in self._table.query(shard, keys.THIS_ERA)]
        places = {keys.approval(CampaignKey(n["tenantId"], n["campaignId"]), n["callbackId"]): n for n in notes}
        found = self._table.get_many(list(places))
        waiting: list[Approval] = []
        for place, note in places.items():
            approval = Approval.from_record(found[place]) if place in found else None
            if approval and is_open(approval):
                waiting.append(approval)
            elif approval:  # one that is not there yet is about to be created
                self._table.delete(keys.open_approval(note["callbackId"]))
        return waiting

    def mark_resumed(self, key: CampaignKey, callback_id: CallbackId, at: datetime) -> None:
        self._update(key, callback_id, list(ApprovalStatus), {"resumedAt": iso(at)})

    def _update(
        self, key: CampaignKey, callback_id: CallbackId, expected: Sequence[ApprovalStatus], changes: dict[str, Any]
    ) -> dict[str, Any]:
        try:
            return self._table.update_if_status(keys.approval(key, callback_id), expected, changes)
        except ConditionFailedError as failed:
            if failed.old is None:
                raise _unknown(callback_id) from failed
            status = failed.old["status"]
            raise ConflictError("the request for approval is not pending", details={"status": status}) from failed


def _unknown(callback_id: CallbackId) -> NotFoundError:
    return NotFoundError(f"there is no request for approval {callback_id}")
