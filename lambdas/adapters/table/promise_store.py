"""What a tenant's campaigns were promised, as one item: how many they are, their calls in all, and each one's in a map.

Actions on the table: ``dynamodb:UpdateItem`` (make, forget), ``PutItem`` (make, the first time), ``GetItem`` (made).
A write costs one unit for each kilobyte of the item, which has about 30 bytes for each campaign.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.adapters.table import keys
from lambdas.adapters.table.items import to_key
from lambdas.adapters.table.table import Table
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.ports.stores import Limits

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_NAMES = {"#made": "made", "#calls": "calls", "#campaigns": "campaigns"}
_MAKE = "SET #made.#id = :n ADD #calls :n, #campaigns :one"
_ROOM = "attribute_not_exists(#made.#id) AND #campaigns < :most AND #calls <= :room"
_FORGET = "REMOVE #made.#id ADD #calls :back, #campaigns :less"


class DynamoPromises:
    def __init__(self, client: "DynamoDBClient", table_name: str) -> None:
        self._table = Table(client, table_name)

    @translate_errors()
    def make(self, key: CampaignKey, calls: int, limits: Limits) -> bool:
        values = {":n": calls, ":one": 1, ":most": limits.campaigns, ":room": limits.model_calls - calls}
        made = self._update(key, _MAKE, _ROOM, values)
        if made == {}:  # there is no item yet, and an update cannot make a map and set a field of it at once
            self._table.put_new(keys.promises(key.tenant_id), {"made": {}, "calls": 0, "campaigns": 0})
            made = self._update(key, _MAKE, _ROOM, values)
        # Refused, it may have its promise already: then nothing is added a second time.
        return made is None or key.campaign_id in made["made"]["M"]

    @translate_errors()
    def made(self, tenant_id: TenantId) -> Mapping[CampaignId, int]:
        found = self._table.get(keys.promises(tenant_id)) or {"made": {}}
        return {CampaignId(campaign_id): int(calls) for campaign_id, calls in found["made"].items()}

    @translate_errors()
    def forget(self, key: CampaignKey, calls: int) -> None:
        # Somebody else may have forgotten it meanwhile.
        self._update(key, _FORGET, "#made.#id = :n", {":n": calls, ":back": -calls, ":less": -1})

    def _update(
        self, key: CampaignKey, change: str, condition: str, values: Mapping[str, int]
    ) -> dict[str, Any] | None:
        """``None`` when it was done, and else the item as it is, empty where there is none."""
        try:
            self._table.client.update_item(
                TableName=self._table.name,
                Key=to_key(keys.promises(key.tenant_id)),
                UpdateExpression=change,
                ConditionExpression=condition,
                ExpressionAttributeNames={**_NAMES, "#id": key.campaign_id},
                ExpressionAttributeValues={name: {"N": str(value)} for name, value in values.items()},
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            response: Any = error.response  # Item is not in botocore's type of the response
            return dict(response.get("Item") or {})
        return None
