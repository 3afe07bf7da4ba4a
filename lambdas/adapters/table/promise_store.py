"""The model calls reserved for a tenant's campaigns, as one item: number of campaigns, total calls, and each one's
calls in a map.

Actions on the table: ``dynamodb:UpdateItem`` (make, forget), ``PutItem`` (make, the first time), ``GetItem`` (made). A
write costs one unit for each kilobyte of the item, which has about 30 bytes for each campaign.
"""

from collections.abc import Mapping

from lambdas.adapters.table import keys
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.ports.stores import Limits
from lambdas.ports.table import NEW, Absent, AllOf, AtMost, ConditionFailedError, Equals, Record, Table, Update


class TablePromises:
    def __init__(self, table: Table) -> None:
        self._table = table

    def make(self, key: CampaignKey, calls: int, limits: Limits) -> bool:
        has_room = [AtMost("campaigns", limits.campaigns - 1), AtMost("calls", limits.model_calls - calls)]
        place = keys.promises(key.tenant_id)
        update = Update(
            place,
            {_promise(key): calls},
            AllOf([Absent(_promise(key)), *has_room]),
            add={"calls": calls, "campaigns": 1},
        )
        refused = self._refusal(update)
        if refused and refused.old is None:  # an update cannot create a map and set a field of it in one expression
            self._table.put_if(place, {"made": {}, "calls": 0, "campaigns": 0}, NEW)
            refused = self._refusal(update)
        # If the condition failed, the campaign may have a reservation already: then nothing is added a second time.
        return refused is None or key.campaign_id in (refused.old or {"made": {}})["made"]

    def made(self, tenant_id: TenantId) -> Mapping[CampaignId, int]:
        found: Record = self._table.get(keys.promises(tenant_id)) or {"made": {}}
        return {CampaignId(campaign_id): int(calls) for campaign_id, calls in found["made"].items()}

    def forget(self, key: CampaignKey, calls: int) -> None:
        place, less = keys.promises(key.tenant_id), {"calls": -calls, "campaigns": -1}
        # Another caller may have cancelled it meanwhile.
        self._refusal(Update(place, {}, Equals(_promise(key), calls), add=less, remove=[_promise(key)]))

    def _refusal(self, update: Update) -> ConditionFailedError | None:
        try:
            self._table.update_if(update)
        except ConditionFailedError as refused:
            return refused
        return None


def _promise(key: CampaignKey) -> str:
    return f"made.{key.campaign_id}"
