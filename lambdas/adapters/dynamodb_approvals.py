"""Approval requests in the table.

Actions on the table: ``dynamodb:PutItem`` (create), ``GetItem`` (get), ``Query`` (all), ``UpdateItem`` (decide,
close, mark_resumed).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lambdas.adapters import dynamodb_keys as keys
from lambdas.adapters.dynamodb_table import ConditionFailedError, Table
from lambdas.core.errors import ConflictError, NotFoundError
from lambdas.core.ids import CallbackId, CampaignKey
from lambdas.core.models.approval import Approval, ApprovalStatus, MadeDecision
from lambdas.core.models.base import iso

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoApprovals:
    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    def create(self, approval: Approval) -> None:
        key = CampaignKey(approval.tenant_id, approval.campaign_id)
        self._table.put_new(keys.approval(key, approval.callback_id), approval.to_wire())

    def get(self, key: CampaignKey, callback_id: CallbackId) -> Approval:
        found = self._table.get(keys.approval(key, callback_id))
        if found is None:
            raise _unknown(callback_id)
        return Approval.from_wire(found)

    def all(self, key: CampaignKey) -> list[Approval]:
        items = self._table.query(keys.campaign_partition(key), keys.APPROVALS)
        found = [Approval.from_wire(item) for item in items]
        return sorted(found, key=lambda approval: (approval.created_at, approval.callback_id))

    def decide(self, key: CampaignKey, callback_id: CallbackId, decision: MadeDecision) -> Approval:
        changes = {"status": ApprovalStatus.DECIDED.value, "decision": decision.to_wire()}
        return Approval.from_wire(self._update(key, callback_id, [ApprovalStatus.PENDING], changes))

    def close(self, key: CampaignKey, callback_id: CallbackId) -> None:
        expected = [ApprovalStatus.PENDING]
        try:
            self._table.update_if_status(
                keys.approval(key, callback_id), expected, {"status": ApprovalStatus.CLOSED.value}
            )
        except ConditionFailedError as failed:
            if failed.old is None:
                raise _unknown(callback_id) from failed

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
