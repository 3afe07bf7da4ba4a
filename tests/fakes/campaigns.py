"""Campaigns in memory."""

from collections.abc import Sequence
from datetime import datetime
from threading import Lock
from typing import Any, Unpack

from lambdas.adapters.table.cursors import decode_cursor, encode_cursor
from lambdas.domain.campaign_changes import CampaignChanges, on_the_record
from lambdas.domain.due import Kind, entry_for
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, NotFoundError
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.active import SOON
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.ports.engine import is_of
from lambdas.ports.stores import IdempotencyRecord, Page
from tests.fakes.due import MemoryDue


class MemoryCampaigns:
    """A new campaign is to be looked at by the index ``due``, where one is given."""

    def __init__(self, due: MemoryDue | None = None) -> None:
        self._due = due
        self._records: dict[CampaignKey, dict[str, Any]] = {}
        self._configurations: dict[CampaignKey, dict[str, Any]] = {}
        self._idempotency: dict[tuple[TenantId, str], IdempotencyRecord] = {}
        self._lock = Lock()

    def create(self, campaign: Campaign, idempotency: IdempotencyRecord | None = None) -> None:
        key = campaign.key
        with self._lock:
            if any(known.campaign_id == key.campaign_id for known in self._records):
                raise ConflictError(f"there is a campaign {campaign.campaign_id} already", details={"taken": "id"})
            if idempotency:
                place = (campaign.tenant_id, idempotency.key)
                if place in self._idempotency:
                    raise ConflictError("the idempotency key is taken", details={"taken": "idempotencyKey"})
                self._idempotency[place] = idempotency
            self._records[key] = campaign.to_record()
            if self._due:
                at = campaign.created_at
                self._due.put(entry_for(Kind.CAMPAIGN, key, at + SOON, at))

    def owner_of(self, campaign_id: CampaignId) -> TenantId | None:
        return next((key.tenant_id for key in self._records if key.campaign_id == campaign_id), None)

    def find_idempotent(self, tenant_id: TenantId, key: str) -> IdempotencyRecord | None:
        return self._idempotency.get((tenant_id, key))

    def remember(self, tenant_id: TenantId, idempotency: IdempotencyRecord, at: datetime) -> None:
        del at  # nothing expires here
        with self._lock:
            self._idempotency.setdefault((tenant_id, idempotency.key), idempotency)

    def get(self, key: CampaignKey) -> Campaign:
        if key not in self._records:
            raise NotFoundError(f"there is no campaign {key.campaign_id}")
        return Campaign.from_record(self._records[key])

    def get_configured(self, key: CampaignKey) -> Campaign:
        campaign = self.get(key)
        kept = self._configurations.get(key)
        return Campaign.from_record(self._records[key] | {"configuration": kept}) if kept else campaign

    def page(self, tenant_id: TenantId, limit: int, cursor: str | None = None) -> Page[Campaign]:
        before = decode_cursor(cursor) if cursor else None
        with self._lock:
            newest_first = sorted(
                (key.campaign_id for key in self._records if key.tenant_id == tenant_id), reverse=True
            )
        rest = [campaign_id for campaign_id in newest_first if before is None or campaign_id < before]
        items = [self.get(CampaignKey(tenant_id, campaign_id)) for campaign_id in rest[:limit]]
        return Page(items, encode_cursor(rest[limit - 1]) if len(rest) > limit else None)

    def update(
        self,
        key: CampaignKey,
        *,
        expected: Sequence[CampaignStatus],
        of_execution: str | None = None,
        at: datetime,
        **changes: Unpack[CampaignChanges],
    ) -> Campaign:
        with self._lock:
            current = self.get(key).status
            if current not in expected:
                raise ConflictError(f"the campaign is {current.value}", details={"status": current.value})
            if of_execution and not is_of(self.get(key).execution_arn, of_execution):
                raise ConcurrentUpdateError("another execution has taken over")
            changed = self._records[key] | on_the_record(changes, at)
            if kept := changes.get("configuration"):
                self._configurations[key] = kept.to_record()
            self._records[key] = {name: value for name, value in changed.items() if value is not None}
            return self.get(key)
