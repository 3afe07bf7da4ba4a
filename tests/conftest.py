"""One local stack for the whole run, started by the first test that asks for it.

Tests marked ``stack`` share it, so they run in one xdist worker, one after the other; everything else runs beside them.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import Stack

_PORT = int(os.environ.get("CAMPAIGN_TEST_PORT", "4866"))
"""Away from the port of ``make up``, so that a run does not meet a developer's own stack."""


SLOW = ("tests/infra/", "tests/architecture/test_cold_start.py", "tests/unit/local/", "tests/contract/test_posts.py")
"""Tests that synthesise, start processes or measure imports."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith(SLOW):
            item.add_marker(pytest.mark.slow)
        if item.get_closest_marker("stack"):
            item.add_marker(pytest.mark.xdist_group("stack"))


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The running local stack, with its seeded tenants. ``CAMPAIGN_TEST_HOME`` keeps its files for a look at them."""
    home = Path(os.environ.get("CAMPAIGN_TEST_HOME") or tempfile.mkdtemp(prefix="campaign-test-"))
    stack = Stack.up(home, _PORT)
    try:
        yield stack
    finally:
        # Nobody needs its state any more, and saving it takes a while.
        stack.stop(kill=True)
        if "CAMPAIGN_TEST_HOME" not in os.environ:
            shutil.rmtree(home, ignore_errors=True)
