"""Campaigns in the table.

Actions on the table: ``dynamodb:GetItem`` (get, find_idempotent), ``PutItem`` (create: a transaction of puts; update of
the configuration), ``UpdateItem`` (update, alone or in a transaction), ``Query`` (get_configured, page) and
``BatchGetItem`` (page).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Unpack

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.adapters.table import due_store, keys
from lambdas.adapters.table.cursors import decode_cursor, encode_cursor
from lambdas.adapters.table.items import to_item
from lambdas.adapters.table.moves import move
from lambdas.adapters.table.table import ConditionFailedError, Same, Table
from lambdas.domain.campaign_changes import CampaignChanges, on_the_record
from lambdas.domain.due import Kind, entry_for
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.active import SOON
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.ports.engine import is_first
from lambdas.ports.stores import IdempotencyRecord, Page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

IDEMPOTENCY_KEPT = timedelta(days=30)
"""Longer than anything that can repeat a submission: an event that Lambda delivers for six hours, and that then waits
two weeks in the dead-letter queue. At least: the table removes expired items within a few days
(docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html), and until then they still stand."""


class DynamoCampaigns:
    """``mark`` is the checkpoint of the step that works with this store: it is told of every move of status in the
    transaction that makes it.
    """

    def __init__(self, client: "DynamoDBClient", table_name: str, mark: keys.ItemKey | None = None) -> None:
        self._table = Table(client, table_name)
        self._mark = mark

    @translate_errors()
    def create(self, campaign: Campaign, idempotency: IdempotencyRecord | None = None) -> None:
        key = campaign.key
        # In this order, which the reasons of a cancelled transaction keep.
        writes = [
            self._new(keys.owner(campaign.campaign_id), {"tenantId": campaign.tenant_id}),
            self._new(keys.campaign(key), campaign.to_record()),
            self._new(keys.listed(*key), {"campaignId": campaign.campaign_id}),
        ]
        if idempotency:
            writes.append(self._new(*_remembered(campaign.tenant_id, idempotency, campaign.created_at)))
        # Without a condition, so it never is the reason of a refusal: the reconciler looks at what is due.
        look = entry_for(Kind.CAMPAIGN, key, campaign.created_at + SOON, campaign.created_at)
        item = to_item(due_store.place(look), due_store.fields(look))
        writes.append({"Put": {"TableName": self._table.name, "Item": item}})
        try:
            self._table.client.transact_write_items(TransactItems=writes)
        except ClientError as error:
            raise _refusal(error, campaign.campaign_id) from error

    def _new(self, key: keys.ItemKey, fields: dict[str, Any]) -> "TransactWriteItemTypeDef":
        return {
            "Put": {
                "TableName": self._table.name,
                "Item": to_item(key, fields),
                "ConditionExpression": "attribute_not_exists(PK)",
            }
        }

    def owner_of(self, campaign_id: CampaignId) -> TenantId | None:
        found = self._table.get(keys.owner(campaign_id))
        return TenantId(found["tenantId"]) if found else None

    def find_idempotent(self, tenant_id: TenantId, key: str) -> IdempotencyRecord | None:
        found = self._table.get(keys.idempotency(tenant_id, key))
        return IdempotencyRecord(key, found["bodyHash"], CampaignId(found["campaignId"])) if found else None

    def remember(self, tenant_id: TenantId, idempotency: IdempotencyRecord, at: datetime) -> None:
        self._table.put_new(*_remembered(tenant_id, idempotency, at))

    def get(self, key: CampaignKey) -> Campaign:
        found = self._table.get(keys.campaign(key))
        if found is None:
            raise _unknown(key)
        return Campaign.from_record(found)

    def get_configured(self, key: CampaignKey) -> Campaign:
        found = self._table.query(keys.campaign_partition(key), keys.campaign(key).sk)
        if not found:
            raise _unknown(key)
        record, *kept = found  # the configuration sorts behind the record
        return Campaign.from_record(record | {"configuration": kept[0]} if kept else record)

    def page(self, tenant_id: TenantId, limit: int, cursor: str | None = None) -> Page[Campaign]:
        after = keys.listed(tenant_id, CampaignId(decode_cursor(cursor))) if cursor else None
        partition = keys.tenant_partition(tenant_id)
        # One more than asked for tells whether there is a next page.
        listed = self._table.query(partition, keys.CAMPAIGNS, after=after, limit=limit + 1, newest_first=True)
        ids = [CampaignId(item["campaignId"]) for item in listed]
        places = [keys.campaign(CampaignKey(tenant_id, campaign_id)) for campaign_id in ids[:limit]]
        records = self._table.get_many(places)
        items = [Campaign.from_record(records[place]) for place in places if place in records]
        return Page(items, encode_cursor(ids[limit - 1]) if len(ids) > limit else None)

    def update(
        self,
        key: CampaignKey,
        *,
        expected: Sequence[CampaignStatus],
        of_execution: str | None = None,
        at: datetime,
        **changes: Unpack[CampaignChanges],
    ) -> Campaign:
        # Nulls rather than a REMOVE; they are dropped on reading.
        fields = on_the_record(changes, at)
        same = Same({"executionArn": of_execution}, or_absent=is_first(of_execution)) if of_execution else Same({})
        kept = changes.get("configuration")
        beside = [(keys.configuration(key), kept.to_record())] if kept else []
        mark = self._mark if "status" in changes else None
        try:
            if mark or beside:
                move(self._table, keys.campaign(key), expected, fields, mark, same, beside)
                return self.get(key)
            return Campaign.from_record(self._table.update_if_status(keys.campaign(key), expected, fields, same))
        except ConditionFailedError as failed:
            if failed.old is None:
                raise _unknown(key) from failed
            current = failed.old["status"]
            if current in expected:
                raise ConcurrentUpdateError("another execution has taken over") from failed
            raise ConflictError(f"the campaign is {current}", details={"status": current}) from failed


def _unknown(key: CampaignKey) -> NotFoundError:
    return NotFoundError(f"there is no campaign {key.campaign_id}")


def _remembered(tenant_id: TenantId, record: IdempotencyRecord, at: datetime) -> tuple[keys.ItemKey, dict[str, Any]]:
    expires = int((at + IDEMPOTENCY_KEPT).timestamp())
    fields = {"bodyHash": record.body_hash, "campaignId": record.campaign_id, keys.EXPIRES_AT: expires}
    return keys.idempotency(tenant_id, record.key), fields


def _refusal(error: ClientError, campaign_id: CampaignId) -> Exception:
    """What a failed transaction means: its reasons come in the order of its writes."""
    if error_code(error) != "TransactionCanceledException":
        return error
    cancelled: Any = error.response  # CancellationReasons is not in botocore's type of the response
    codes = [reason.get("Code", "None") for reason in cancelled.get("CancellationReasons", [])]
    if "ConditionalCheckFailed" in codes[:3]:
        return ConflictError(f"there is a campaign {campaign_id} already", details={"taken": "id"})
    if "ConditionalCheckFailed" in codes:
        return ConflictError("the idempotency key is taken", details={"taken": "idempotencyKey"})
    cause = next((code for code in codes if code != "None"), "TransactionConflict")
    return ClientError({"Error": {"Code": cause, "Message": str(error)}}, "TransactWriteItems")
