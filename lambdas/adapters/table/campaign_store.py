"""Campaigns in the table.

Actions on the table: ``dynamodb:GetItem`` (get, find_idempotent), ``PutItem`` (create: a transaction of puts; change of
the configuration), ``UpdateItem`` (change, update, alone or in a transaction), ``Query`` (get_configured, page, erase),
``BatchGetItem`` (page), ``PartiQLDelete`` (erase) and ``DeleteItem`` (forget).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Unpack

from lambdas.adapters.table import due_store, keys
from lambdas.adapters.table.attempt import Attempt, current_attempt
from lambdas.adapters.table.cursors import decode_cursor, encode_cursor
from lambdas.adapters.telemetry import count, logger
from lambdas.domain.campaign_changes import CampaignChanges, on_the_record
from lambdas.domain.due_entry import Kind, entry_for
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError, UnreadableRecordError
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.active import SOON
from lambdas.domain.models.base import Model
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.ports.engine import is_first
from lambdas.ports.stores import IdempotencyRecord, Page
from lambdas.ports.table import (
    EXISTS,
    NEW,
    Absent,
    AllOf,
    AnyOf,
    Condition,
    ConditionFailedError,
    Delete,
    Equals,
    ItemKey,
    OneOf,
    Prefix,
    Put,
    Record,
    Table,
    Update,
    Write,
)

IDEMPOTENCY_KEPT = timedelta(days=30)
"""Longer than anything that may repeat a submission: Lambda retries an event for six hours, and then it may stay in the
dead-letter queue for two weeks. This is a minimum: DynamoDB deletes expired items within a few days
(docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html), and they count until then."""

_UNITS_OF_AN_ITEM = 3
"""That deleting one takes: as many as writing it (…/developerguide/read-write-operations.html)."""


class TableCampaigns:
    """``attempt`` returns the attempt of the step that uses this store, if there is one: its checkpoint is written in
    the transaction that changes the campaign's status, or in the step's last one."""

    def __init__(self, table: Table, attempt: Callable[[], Attempt | None] = current_attempt) -> None:
        self._table = table
        self._attempt = attempt

    def create(self, campaign: Campaign, idempotency: IdempotencyRecord | None = None) -> None:
        key = campaign.key
        of_the_id = [
            Put(keys.owner(campaign.campaign_id), {"tenantId": campaign.tenant_id}, NEW),
            Put(keys.campaign(key), campaign.to_record(), NEW),
            Put(keys.listed(*key), {"campaignId": campaign.campaign_id}, NEW),
        ]
        of_the_key = [_remembered(campaign.tenant_id, idempotency, campaign.created_at)] if idempotency else []
        # Without a condition, so this write never makes the transaction fail: the reconciler checks campaigns that are
        # due.
        look = entry_for(Kind.CAMPAIGN, key, campaign.created_at + SOON, campaign.created_at)
        try:
            self._table.transact([*of_the_id, *of_the_key, Put(due_store.place(look), due_store.fields(look))])
        except ConditionFailedError as refused:
            if refused.failed[0] < len(of_the_id):
                message = f"there is a campaign {campaign.campaign_id} already"
                raise ConflictError(message, details={"taken": "id"}) from refused
            raise ConflictError("the idempotency key is taken", details={"taken": "idempotencyKey"}) from refused

    def owner_of(self, campaign_id: CampaignId) -> TenantId | None:
        found = self._table.get(keys.owner(campaign_id))
        return TenantId(found["tenantId"]) if found else None

    def find_idempotent(self, tenant_id: TenantId, key: str) -> IdempotencyRecord | None:
        found = self._table.get(keys.idempotency(tenant_id, key))
        return IdempotencyRecord(key, found["bodyHash"], CampaignId(found["campaignId"])) if found else None

    def remember(self, tenant_id: TenantId, idempotency: IdempotencyRecord, at: datetime) -> None:
        remembered = _remembered(tenant_id, idempotency, at)
        self._table.put_if(remembered.key, remembered.fields, NEW)

    def get(self, key: CampaignKey) -> Campaign:
        found = self._table.get(keys.campaign(key))
        if found is None:
            raise _unknown(key)
        return Campaign.from_record(found)

    def get_configured(self, key: CampaignKey) -> Campaign:
        found = self._table.query(keys.campaign_partition(key), Prefix(keys.campaign(key).sk))
        if not found:
            raise _unknown(key)
        record, *kept = found  # the configuration sorts behind the record
        return Campaign.from_record(record | {"configuration": kept[0]} if kept else record)

    def page(self, tenant_id: TenantId, limit: int, cursor: str | None = None) -> Page[Campaign]:
        after = keys.listed(tenant_id, CampaignId(decode_cursor(cursor))) if cursor else None
        partition = keys.tenant_partition(tenant_id)
        # One more than requested, to see whether there is a next page.
        listed = self._table.query(partition, Prefix(keys.CAMPAIGNS), after=after, limit=limit + 1, newest_first=True)
        ids = [CampaignId(item["campaignId"]) for item in listed]
        places = [keys.campaign(CampaignKey(tenant_id, campaign_id)) for campaign_id in ids[:limit]]
        records = self._table.get_many(places)
        items = [campaign for place in places if place in records and (campaign := _readable(place, records[place]))]
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
        changed = self._change(key, expected, of_execution, at, changes, None)
        return Campaign.from_record(changed) if changed else self.get(key)

    def change(
        self,
        key: CampaignKey,
        *,
        expected: Sequence[CampaignStatus],
        of_execution: str | None = None,
        at: datetime,
        result: Model | None = None,
        **changes: Unpack[CampaignChanges],
    ) -> None:
        self._change(key, expected, of_execution, at, changes, result)

    def _change(
        self,
        key: CampaignKey,
        expected: Sequence[CampaignStatus],
        of_execution: str | None,
        at: datetime,
        changes: CampaignChanges,
        result: Model | None,
    ) -> Record | None:
        """The new record, computed here because a transaction does not return it."""
        # Nulls instead of REMOVE; they are dropped when reading.
        fields = on_the_record(changes, at)
        move = Update(keys.campaign(key), fields, _may_move(expected, of_execution))
        kept = changes.get("configuration")
        beside = [Put(keys.configuration(key), kept.to_record())] if kept else []
        attempt = self._attempt() if "status" in changes or result else None
        try:
            if attempt:
                self._with_checkpoint([move, *beside], attempt, fields.get("status"), result)
            elif beside:
                self._table.transact([move, *beside])
            else:
                return self._table.update_if(move)
        except ConditionFailedError as failed:
            if failed.old is None:
                raise _unknown(key) from failed
            current = failed.old["status"]
            if current in expected:
                raise ConcurrentUpdateError("another execution has taken over") from failed
            raise ConflictError(f"the campaign is {current}", details={"status": current}) from failed
        return None

    def _with_checkpoint(
        self, writes: Sequence[Write], attempt: Attempt, effect: str | None, result: Model | None
    ) -> None:
        """Together with the attempt's checkpoint. If an earlier delivery of the attempt has ended it, that end is kept
        and only the effect is recorded."""
        try:
            self._table.transact([*writes, attempt.note(effect, result)])
        except ConditionFailedError as failed:
            if failed.failed != (len(writes),):
                raise
            self._table.transact([*writes, *([attempt.mark(effect)] if effect else [])])
        attempt.ended = attempt.ended or result is not None

    def erase(self, key: CampaignKey, at_most: int) -> bool:
        found = self._table.keys(keys.campaign_partition(key), at_most + 1)
        others = [place for place in found if place != keys.campaign(key)]
        # A post with its text is two to three write units.
        self._table.batch([Delete(place, units=_UNITS_OF_AN_ITEM) for place in others[:at_most]])
        return len(found) <= at_most

    def forget(self, key: CampaignKey) -> None:
        self._table.delete_if(keys.listed(*key), EXISTS)
        self._table.delete_if(keys.campaign(key), Equals("status", CampaignStatus.DELETING.value))


def _readable(place: ItemKey, record: Record) -> Campaign | None:
    """A campaign that this version cannot read is omitted from the list, so that the others can be shown."""
    try:
        return Campaign.from_record(record)
    except UnreadableRecordError as error:
        logger().error("campaign cannot be read", record=place.pk, exc_info=error)
        count("RecordUnreadable", Kind="campaign")
        return None


def _unknown(key: CampaignKey) -> NotFoundError:
    return NotFoundError(f"there is no campaign {key.campaign_id}")


def _may_move(expected: Sequence[CampaignStatus], of_execution: str | None) -> Condition:
    status_is = OneOf("status", [status.value for status in expected])
    if not of_execution:
        return status_is
    current: Condition = Equals("executionArn", of_execution)
    return AllOf([status_is, AnyOf([Absent("executionArn"), current]) if is_first(of_execution) else current])


def _remembered(tenant_id: TenantId, record: IdempotencyRecord, at: datetime) -> Put:
    expires = int((at + IDEMPOTENCY_KEPT).timestamp())
    fields = {"bodyHash": record.body_hash, "campaignId": record.campaign_id, keys.EXPIRES_AT: expires}
    return Put(keys.idempotency(tenant_id, record.key), fields, NEW)
