"""Reads that come in parts: unprocessed keys and pages of a query."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.adapters.table.items import to_key
from lambdas.adapters.table.keys import ItemKey
from lambdas.domain.errors import ConcurrentUpdateError, ThrottledError
from lambdas.ports.table import Prefix
from tests.contract.samples import campaign

A, B = ItemKey("P", "A"), ItemKey("P", "B")


def stubbed() -> tuple[Any, Stubber]:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.activate()
    return client, stub


def test_asks_again_for_keys_left_unprocessed() -> None:
    client, stub = stubbed()
    first = {"Responses": {"T": [to_key(A)]}, "UnprocessedKeys": {"T": {"Keys": [to_key(B)]}}}
    asked = [
        {"RequestItems": {"T": {"Keys": keys, "ConsistentRead": True}}}
        for keys in ([to_key(A), to_key(B)], [to_key(B)])
    ]
    stub.add_response("batch_get_item", first, asked[0])
    stub.add_response("batch_get_item", {"Responses": {"T": [to_key(B)]}, "UnprocessedKeys": {}}, asked[1])
    assert DynamoTable(client, "T").get_many([A, B, A]) == {A: {}, B: {}}
    stub.assert_no_pending_responses()


def test_no_progress_is_throttling() -> None:
    client, stub = stubbed()
    stub.add_response("batch_get_item", {"Responses": {}, "UnprocessedKeys": {"T": {"Keys": [to_key(A)]}}})
    with pytest.raises(ThrottledError):
        DynamoTable(client, "T").get_many([A])


def test_reads_a_query_to_its_end_and_translates_its_errors() -> None:
    client, stub = stubbed()
    stub.add_response("query", {"Items": [to_key(A)], "LastEvaluatedKey": to_key(A)})
    stub.add_response("query", {"Items": [to_key(B)]})
    assert len(DynamoTable(client, "T").query("P", Prefix("x"))) == 2
    stub.add_response("query", {"Items": [to_key(A)], "LastEvaluatedKey": to_key(A)})
    stub.add_client_error("query", "ProvisionedThroughputExceededException")
    with pytest.raises(ThrottledError):
        DynamoTable(client, "T").query("P", Prefix("x"))


@pytest.mark.parametrize(
    ("reason", "meaning"), [("TransactionConflict", ConcurrentUpdateError), ("ThrottlingError", ThrottledError)]
)
def test_a_transaction_cancelled_for_a_passing_reason_may_be_tried_again(reason: str, meaning: type[Exception]) -> None:
    client, stub = stubbed()
    reasons = [{"Code": "None"}, {"Code": reason}]
    stub.add_client_error(
        "transact_write_items", "TransactionCanceledException", modeled_fields={"CancellationReasons": reasons}
    )
    with pytest.raises(meaning):
        TableCampaigns(DynamoTable(client, "T")).create(campaign())
