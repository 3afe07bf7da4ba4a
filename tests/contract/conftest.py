"""Where the contract tests find a table: in moto's memory, or in an emulator process of their own.

Batches need the emulator, since moto's PartiQL knows one SET clause per statement and no more.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from moto import mock_aws

from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.ports.table import Table
from tests.fakes import MemoryTable

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


@pytest.fixture(params=["memory", "dynamodb"])
def table(request: pytest.FixtureRequest) -> Table:
    """For the stores that make no batches and are tried by one thread."""
    if request.param == "memory":
        return MemoryTable()
    return DynamoTable(request.getfixturevalue("moto_table"), TABLE)


@pytest.fixture(params=["memory", "emulator"])
def shared_table(request: pytest.FixtureRequest) -> Table:
    """For threads at once, and for batches: moto does not lock what it reads and writes, the emulator is one server."""
    return MemoryTable() if request.param == "memory" else DynamoTable(*request.getfixturevalue("emulator_table"))


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
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Clients of an emulator in a process of its own, run from an empty folder: it imports modules by plain names."""
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
            clients = _Clients(f"http://127.0.0.1:{port}")
            _wait_for(clients("dynamodb"), process, folder / "log")
            yield clients
            clients.close()
        finally:
            process.terminate()
            process.wait(10)


class _Clients:
    def __init__(self, url: str) -> None:
        self._url = url
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        if service not in self._made:
            make: Any = boto3.client  # its overloads want a literal
            self._made[service] = make(
                service,
                endpoint_url=self._url,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=Config(retries={"mode": "standard", "max_attempts": 1}, max_pool_connections=50),
            )
        return self._made[service]

    def close(self) -> None:
        for client in self._made.values():
            client.close()


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
    emulator: Callable[[str], Any], request: pytest.FixtureRequest
) -> "Iterator[tuple[DynamoDBClient, str]]":
    """A table of the test's own."""
    name = f"Table-{abs(hash(request.node.nodeid))}"
    create_table(emulator("dynamodb"), name)
    yield emulator("dynamodb"), name
    emulator("dynamodb").delete_table(TableName=name)
