"""Where the contract tests find a table: in moto's memory, or in an emulator process of their own.

The posts' store needs the emulator, since moto's PartiQL knows one SET clause per statement and no more.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from moto import mock_aws

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "MarketingTable"
_STARTS_WITHIN_SECONDS = 60


@pytest.fixture
def moto_aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def moto_table(moto_aws: None) -> "DynamoDBClient":
    client = boto3.client("dynamodb")
    create_table(client, TABLE)
    return client


def create_table(client: "DynamoDBClient", name: str) -> None:
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "PK", "AttributeType": "S"},
            {"AttributeName": "SK", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[DynamoDBClient]":
    """DynamoDB in a process of its own, from an empty folder: it imports modules by plain names."""
    folder = tmp_path_factory.mktemp("emulator")
    port = _free_port()
    settings = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "PERSIST_STATE": "0",
    }
    with (folder / "log").open("w") as log:
        command = [sys.executable, "-m", "ministack"]
        process = subprocess.Popen(command, cwd=folder, env=os.environ | settings, stdout=log, stderr=log)
        try:
            client = boto3.client(
                "dynamodb",
                endpoint_url=f"http://127.0.0.1:{port}",
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"mode": "standard", "max_attempts": 1}, max_pool_connections=32),
            )
            _wait_for(client, process, folder / "log")
            yield client
            client.close()
        finally:
            process.terminate()
            process.wait(10)


def _wait_for(client: Any, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.list_tables()
        except BotoCoreError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"the emulator did not start:\n{log.read_text()[-2_000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def emulator_table(
    emulator: "DynamoDBClient", request: pytest.FixtureRequest
) -> "Iterator[tuple[DynamoDBClient, str]]":
    """A table of the test's own."""
    name = f"Table-{abs(hash(request.node.nodeid))}"
    create_table(emulator, name)
    yield emulator, name
    emulator.delete_table(TableName=name)
