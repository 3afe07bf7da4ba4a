"""The emulator's DynamoDB inside the test's own process, with partitions that take no more than on AWS, in no time.

Requests of a real boto3 client are answered by ministack's code behind ``local.emulator.throughput`` and ``staleness``.
Time is the test's own: it passes only when somebody waits, and with every request.
"""

import io
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from ministack.services import dynamodb

from local.emulator import staleness, throughput
from local.emulator.config import EmulatorConfig
from local.emulator.patch import Emulator, install, registered
from local.emulator.staleness import Past
from local.emulator.throughput import Throughput
from tests.contract.conftest import create_table

LATENCY_SECONDS = 0.01


class VirtualTimer:
    """``lambdas.adapters.table.partiql.Timer``: whoever waits is there at once, and it is later for everybody."""

    def __init__(self, seed: int = 0) -> None:
        self._now = 0.0
        self._lock = threading.Lock()
        self._random = random.Random(seed)

    def now(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        until = self._now + seconds
        with self._lock:
            self._now = max(self._now, until)

    def any_up_to(self, seconds: float) -> float:
        with self._lock:
            return self._random.uniform(0, seconds)


class ModelledTable:
    """``client`` and ``name`` of a table of limited partitions.

    ``statements`` counts what was sent, by operation.
    """

    def __init__(self, name: str, burst: float) -> None:
        self.name = name
        self.timer = VirtualTimer()
        self.throughput = Throughput(burst, now=self.timer.now)
        self.statements: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.client: Any = boto3.client(
            "dynamodb",
            region_name="us-east-1",
            endpoint_url="http://modelled.invalid",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
        )
        answer: Any = self._answer  # the stubs know no handler that answers
        self.client.meta.events.register("before-send.dynamodb", answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        with self._lock:
            self.timer.sleep(LATENCY_SECONDS)
            body = request.body if isinstance(request.body, bytes) else request.body.encode()
            headers = {name.lower(): _text(value) for name, value in request.headers.items()}
            for kind in (b"INSERT", b"UPDATE"):
                self.statements[kind.decode()] += body.count(b'"Statement": "' + kind)
            handled = dynamodb.handle_request("POST", "/", headers, body, {})
            with pytest.raises(StopIteration) as answered:
                handled.send(None)  # it never waits for anything
        status, answer_headers, content = answered.value.value
        return AWSResponse(request.url, status, answer_headers, _Raw(content))


class _Raw(io.BytesIO):
    def __init__(self, content: bytes | str) -> None:
        super().__init__(content if isinstance(content, bytes) else content.encode())

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@contextmanager
def modelled_table(name: str, burst: float = 0, stale: float = 0) -> Iterator[ModelledTable]:
    """``stale``: so many of the reads that do not insist on the newest version are behind."""
    table = ModelledTable(name, burst)
    config = EmulatorConfig(
        Path("/nowhere"), 1, partition_throughput=f"1000:{burst}", stale_reads=f"{stale}:3" if stale else ""
    )
    emulator = Emulator(config, {"services.dynamodb": dynamodb})
    emulator.shared(Throughput, lambda: table.throughput)
    emulator.shared(Past, lambda: Past(dynamodb, stale, 3, table.timer.now))
    modules = (throughput.__name__, staleness.__name__)
    patches = [each for each in registered if each.wrapper.__module__ in modules]
    with pytest.MonkeyPatch.context() as undone:
        for each in patches:
            undone.setattr(dynamodb, each.name, getattr(dynamodb, each.name))
        create_table(table.client, name)
        install(emulator, patches)
        try:
            yield table
        finally:
            dynamodb._tables.pop(name)
