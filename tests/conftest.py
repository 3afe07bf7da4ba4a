"""One local stack for the whole run, started by the first test that asks for it.

Tests marked ``stack`` share it, so they run in one xdist worker, one after the other; everything else runs beside them.
"""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import Stack


def _port() -> int:
    """``CAMPAIGN_TEST_PORT``, or one that nobody uses: a run meets neither a developer's stack nor another run's."""
    chosen = os.environ.get("CAMPAIGN_TEST_PORT")
    if chosen:
        return int(chosen)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


SLOW = (
    "tests/architecture/test_cold_start.py",
    "tests/contract/",
    "tests/infra/",
    "tests/property/test_build_",
    "tests/property/test_kills.py",
    "tests/property/test_races.py",
    "tests/property/test_openapi.py",
    "tests/property/test_replaced.py",
    "tests/unit/adapters/test_bedrock_emulator.py",
    "tests/unit/adapters/test_dynamodb_pace.py",
    "tests/unit/agents/test_comments.py",
    "tests/unit/agents/test_copy_corpus.py",
    "tests/unit/agents/test_foreseeing.py",
    "tests/unit/bench/test_usage.py",
    "tests/unit/build/test_agent_retries.py",
    "tests/unit/local/",
    "tests/unit/services/test_requests.py",
)
"""Tests that synthesise, start processes, measure imports, run whole campaigns, write posts by the hundred, or wait in
real time."""


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("stack"):
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="session")
def only_here(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Fails where two workers of one run want the stack: then tests of one stack meet those of another."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        (tmp_path_factory.getbasetemp().parent / "stack-belongs-to").open("x").close()


@pytest.fixture(scope="session")
def stack(only_here: None) -> Iterator[Stack]:
    """The running local stack, with its seeded tenants. ``CAMPAIGN_TEST_HOME`` keeps its files for a look at them."""
    home = Path(os.environ.get("CAMPAIGN_TEST_HOME") or tempfile.mkdtemp(prefix="campaign-test-"))
    stack = Stack.up(home, _port())
    try:
        yield stack
    finally:
        # Nobody needs its state any more, and saving it takes a while.
        stack.stop(kill=True)
        if "CAMPAIGN_TEST_HOME" not in os.environ:
            shutil.rmtree(home, ignore_errors=True)
