"""DynamoDB units as AWS bills them, asked of an emulator that counts."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from local import aws
from local.process import EmulatorProcess, free_port

pytestmark = [pytest.mark.stack, pytest.mark.xdist_group("usage")]

KEY = {"PK": {"S": "a"}, "SK": {"S": "b"}}


class Counting:
    def __init__(self, process: EmulatorProcess) -> None:
        self.endpoint = f"http://127.0.0.1:{process.port()}"
        self.table = aws.client("dynamodb", self.endpoint)

    def used(self) -> tuple[float, float]:
        """``(write units, read units)`` so far."""
        totals = urllib3.request("GET", f"{self.endpoint}/_local/usage.json").json()
        return totals.get("dynamodb:writeUnits", 0), totals.get("dynamodb:readUnits", 0)

    def cost(self, operation: str, **request: Any) -> tuple[float, float]:
        before = self.used()
        getattr(self.table, operation)(**request)
        after = self.used()
        return after[0] - before[0], after[1] - before[1]


@pytest.fixture(scope="module")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counting]:
    process = EmulatorProcess(tmp_path_factory.mktemp("usage"))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LOCAL_EMULATOR_PLUGINS", "bench.usage")
        process.start(free_port(21_000 + os.getpid() % 20_000))
    found = Counting(process)
    found.table.create_table(
        TableName="things",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("PK", "SK")],
    )
    yield found
    process.stop(kill=True)


def test_units_go_by_the_size_of_the_item(counting: Counting) -> None:
    assert counting.cost("put_item", TableName="things", Item={**KEY, "x": {"S": "x" * 100}}) == (1, 0)
    assert counting.cost("put_item", TableName="things", Item={**KEY, "x": {"S": "x" * 2_100}}) == (3, 0)
    # The larger of the two versions counts.
    assert counting.cost("put_item", TableName="things", Item={**KEY, "x": {"S": "x" * 100}}) == (3, 0)
    assert counting.cost("put_item", TableName="things", Item={**KEY, "x": {"S": "x" * 5_000}}) == (5, 0)
    assert counting.cost("get_item", TableName="things", Key=KEY, ConsistentRead=True) == (0, 2)
    assert counting.cost("get_item", TableName="things", Key=KEY) == (0, 1)
    assert counting.cost("batch_get_item", RequestItems={"things": {"Keys": [KEY], "ConsistentRead": True}}) == (0, 2)


def test_a_statement_of_a_batch_is_a_write_like_any_other(counting: Counting) -> None:
    counting.table.put_item(TableName="things", Item={**KEY, "x": {"S": "x" * 5_000}})
    update = {
        "Statement": 'UPDATE "things" SET "y"=? WHERE "PK"=? AND "SK"=?',
        "Parameters": [{"S": "1"}, *KEY.values()],
    }
    refused = {**update, "Statement": update["Statement"] + " AND \"y\"='other'"}  # type: ignore[operator]  # a str
    assert counting.cost("batch_execute_statement", Statements=[update]) == (5, 0)
    assert counting.cost("batch_execute_statement", Statements=[refused]) == (5, 0), "refused writes are billed"


def test_a_query_is_billed_by_what_it_looked_at(counting: Counting) -> None:
    for number in range(3):
        item = {"PK": {"S": "q"}, "SK": {"S": str(number)}, "x": {"S": "x" * 3_000}, "z": {"S": "1"}}
        counting.table.put_item(TableName="things", Item=item)
    asked = {
        "TableName": "things",
        "KeyConditionExpression": "PK = :p",
        "ExpressionAttributeValues": {":p": {"S": "q"}},
        "ProjectionExpression": "#z",
        "ExpressionAttributeNames": {"#z": "z"},
    }
    assert counting.cost("query", **asked, ConsistentRead=True) == (0, 3)
    assert counting.cost("query", **asked) == (0, 1.5)


def test_a_query_by_a_prefix_is_billed_like_any_other(counting: Counting) -> None:
    """As the stores ask: with names, one of them within ``begins_with``, and one for the projection only."""
    for number in range(3):
        item = {"PK": {"S": "prefix"}, "SK": {"S": f"P#{number}"}, "x": {"S": "x" * 3_000}}
        counting.table.put_item(TableName="things", Item=item)
    asked = {
        "TableName": "things",
        "KeyConditionExpression": "#n0 = :v0 AND begins_with(#n1, :v1)",
        "ProjectionExpression": "#n2",
        "ExpressionAttributeNames": {"#n0": "PK", "#n1": "SK", "#n2": "x"},
        "ExpressionAttributeValues": {":v0": {"S": "prefix"}, ":v1": {"S": "P#"}},
    }
    assert counting.cost("query", **asked, ConsistentRead=True) == (0, 3)


def test_a_transaction_costs_twice(counting: Counting) -> None:
    put = {"Put": {"TableName": "things", "Item": {"PK": {"S": "new"}, "SK": {"S": "new"}}}}
    assert counting.cost("transact_write_items", TransactItems=[put]) == (2, 0)
