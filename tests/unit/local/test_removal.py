"""Taking a tenant out of a stack: what DynamoDB did not get to is sent again, and nobody else's tenant is touched."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.adapters.aws.s3_recent_texts import S3RecentTexts
from lambdas.adapters.table.keys import ItemKey
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from local.http import StackError
from local.removal import Removal
from local.target import Target

TABLE = "MarketingTable"


class Throttled:
    """A DynamoDB that gets to one request of a batch at a time."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.batches: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        ((table, requests),) = RequestItems.items()
        self.batches.append(len(requests))
        self._client.batch_write_item(RequestItems={table: requests[:1]})
        return {"UnprocessedItems": {table: requests[1:]} if requests[1:] else {}}


class Account(Target):
    def __init__(self, dynamodb: Any, s3: Any = None) -> None:
        super().__init__({"table": TABLE, "bucket": "manifests", "prefix": "", "alertTopic": "t"})
        self._clients = {"dynamodb": dynamodb, "s3": s3}

    def client(self, service: str) -> Any:
        return self._clients[service]


@pytest.fixture
def dynamodb() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1")
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("PK", "SK")],
        )
        yield client


def test_what_was_not_deleted_under_throttling_is_sent_again(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("local.removal.time.sleep", pauses.append)
    items = [ItemKey("TENANT#verify", f"BRAND#{number}") for number in range(4)]
    for item in [*items, ItemKey("TENANT#acme", "BRAND#0")]:
        dynamodb.put_item(TableName=TABLE, Item={"PK": {"S": item.pk}, "SK": {"S": item.sk}})
    throttled = Throttled(dynamodb)
    assert Removal(Account(throttled), "verify").delete(items) == 4
    assert throttled.batches == [4, 3, 2, 1]
    assert pauses == sorted(set(pauses))  # longer each time
    assert [item["PK"]["S"] for item in dynamodb.scan(TableName=TABLE)["Items"]] == ["TENANT#acme"]


def test_objects_of_the_tenant_go_and_nobody_elses(dynamodb: Any) -> None:
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="manifests")
    campaign = CampaignId("01J00000000000000000000000")
    for tenant in ("verify", "verify-other"):
        texts = S3RecentTexts(s3, "manifests")
        texts.put(CampaignKey(TenantId(tenant), campaign), ["text"])
        texts.add(CampaignKey(TenantId(tenant), campaign), ["text"])
    removal = Removal(Account(dynamodb, s3), "verify")
    assert (removal.remove_objects(), removal.remove_objects()) == (2, 0)
    assert all("verify-other" in item["Key"] for item in s3.list_objects_v2(Bucket="manifests")["Contents"])


@pytest.mark.parametrize("tenant", ["acme", "verifying", "my-verify", ""])
def test_a_tenant_of_somebody_else_is_refused(dynamodb: Any, tenant: str) -> None:
    with pytest.raises(StackError, match="make verify"):
        Removal(Account(dynamodb), tenant)
