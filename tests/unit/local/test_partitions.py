"""Partitions of the emulator refuse, and lag behind, as those of AWS do: asked through boto3."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.emulator import staleness
from local.emulator.config import EmulatorConfig
from local.emulator.units import Partition
from tests.support.partition import ModelledTable, modelled_table

BURST = 500


@pytest.fixture
def table() -> Iterator[ModelledTable]:
    with modelled_table("Partitions", BURST) as modelled:
        yield modelled


def key(sort_key: str, partition: str = "p") -> dict[str, Any]:
    return {"PK": {"S": partition}, "SK": {"S": sort_key}}


def put(table: ModelledTable, sort_key: str, *, partition: str = "p", kilobytes: int = 1) -> None:
    item = {**key(sort_key, partition), "x": {"S": "x" * (1_024 * kilobytes - 100)}}
    table.client.put_item(TableName=table.name, Item=item)


def exhaust(table: ModelledTable, kind: str, partition: str = "p") -> None:
    """As if somebody had just used up what there was."""
    table.throughput.take(kind, Partition(table.name, partition), 1_000_000)


def refused(call: Any, **request: Any) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value


def test_a_rested_partition_takes_its_burst_and_then_what_flows_back(table: ModelledTable) -> None:
    started = table.timer.now()
    error, taken = None, 0
    while error is None:
        try:
            put(table, "a", kilobytes=100)
        except ClientError as caught:
            error = caught.response["Error"]["Code"]
        else:
            taken += 100
    assert error == "ProvisionedThroughputExceededException"
    flowed = 1_000 * (table.timer.now() - started)
    assert 1_000 + BURST <= taken <= 1_000 + BURST + flowed + 100

    put(table, "a", partition="another", kilobytes=100)
    table.timer.sleep(0.2)
    put(table, "a", kilobytes=100)


def test_reads_and_writes_have_limits_of_their_own(table: ModelledTable) -> None:
    put(table, "a")
    exhaust(table, "write")
    assert table.client.get_item(TableName=table.name, Key=key("a"))["Item"]
    exhaust(table, "read")
    for call, request in (
        (table.client.get_item, {"Key": key("a")}),
        (
            table.client.query,
            {"KeyConditionExpression": "PK = :p", "ExpressionAttributeValues": {":p": {"S": "p"}}},
        ),
    ):
        assert refused(call, TableName=table.name, **request).response["Error"]["Code"] == (
            "ProvisionedThroughputExceededException"
        )


def test_a_statement_of_a_batch_is_refused_inside_the_200(table: ModelledTable) -> None:
    exhaust(table, "write")
    statements = [
        {"Statement": f"INSERT INTO \"{table.name}\" VALUE {{'PK': ?, 'SK': ?}}", "Parameters": [{"S": pk}, {"S": "a"}]}
        for pk in ("p", "another")
    ]
    responses = table.client.batch_execute_statement(Statements=statements)["Responses"]
    assert [response.get("Error", {}).get("Code") for response in responses] == ["ProvisionedThroughputExceeded", None]
    assert "Item" not in table.client.get_item(TableName=table.name, Key=key("a"))


def test_a_transaction_is_cancelled_and_says_why(table: ModelledTable) -> None:
    exhaust(table, "write")
    writes = [{"Put": {"TableName": table.name, "Item": key("a", partition)}} for partition in ("another", "p")]
    error: Any = refused(table.client.transact_write_items, TransactItems=writes)
    assert error.response["Error"]["Code"] == "TransactionCanceledException"
    reasons = [reason["Code"] for reason in error.response["CancellationReasons"]]
    assert reasons == ["None", "ProvisionedThroughputExceeded"]
    assert "Item" not in table.client.get_item(TableName=table.name, Key=key("a", "another"))


def test_keys_of_an_exhausted_partition_come_back_unprocessed(table: ModelledTable) -> None:
    put(table, "a")
    put(table, "a", partition="another")
    exhaust(table, "read")
    wanted = {table.name: {"Keys": [key("a"), key("a", "another")], "ConsistentRead": True}}
    answer = table.client.batch_get_item(RequestItems=wanted)
    assert [item["PK"]["S"] for item in answer["Responses"][table.name]] == ["another"]
    assert answer["UnprocessedKeys"][table.name]["Keys"] == [key("a")]
    only = {table.name: {"Keys": [key("a")]}}
    assert refused(table.client.batch_get_item, RequestItems=only).response["Error"]["Code"].startswith("Provisioned")


def state(table: ModelledTable, *, consistent: bool) -> tuple[list[str], str | None]:
    """Sort keys of the partition, and what the item ``a`` says."""
    found = table.client.query(
        TableName=table.name,
        KeyConditionExpression="PK = :p",
        ExpressionAttributeValues={":p": {"S": "p"}},
        ConsistentRead=consistent,
    )["Items"]
    one = table.client.get_item(TableName=table.name, Key=key("a"), ConsistentRead=consistent).get("Item")
    return [item["SK"]["S"] for item in found], one["v"]["S"] if one else None


@pytest.fixture
def lagging() -> Iterator[ModelledTable]:
    with modelled_table("Lagging", stale=1.0) as modelled:
        yield modelled


def test_a_read_that_does_not_insist_may_see_what_was_there_before(lagging: ModelledTable) -> None:
    table = lagging
    for version in ("1", "2"):
        table.client.put_item(TableName=table.name, Item={**key("a"), "v": {"S": version}})
        table.timer.sleep(0.2)
    table.client.put_item(TableName=table.name, Item=key("b"))
    table.timer.sleep(0.2)
    table.client.delete_item(TableName=table.name, Key=key("b"))

    assert state(table, consistent=True) == (["a"], "2")
    seen = [state(table, consistent=False) for _ in range(10)]
    assert "1" in {version for _, version in seen}
    assert ["a", "b"] in [keys for keys, _ in seen], "what was deleted is still there"
    assert state(table, consistent=True) == (["a"], "2"), "nothing was changed by looking"
    table.timer.sleep(staleness.LAG_SECONDS)
    assert {version for _, version in (state(table, consistent=False) for _ in range(10))} == {"2"}


def test_the_environment_switches_them_on(monkeypatch: pytest.MonkeyPatch) -> None:
    base = {"CAMPAIGN_HOME": "/h", "GATEWAY_PORT": "1"}
    off = EmulatorConfig.from_environment(base)
    assert (off.partition_throughput, off.stale_reads) == ("", "")
    on = EmulatorConfig.from_environment({**base, "LOCAL_PARTITION_THROUGHPUT": "1000:0", "LOCAL_STALE_READS": "0.5:7"})
    assert (on.partition_throughput, on.stale_reads) == ("1000:0", "0.5:7")
    assert EmulatorConfig.from_environment(on.environment()) == on
    assert EmulatorConfig.from_environment(off.environment()) == off
