"""A headless Chromium, and where its screenshots go."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.process import ROOT
from local.stack import Stack
from tests.support.driver import Driver

ARTIFACTS = ROOT / ".local" / "test-artifacts"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def acme(stack: Stack) -> Driver:
    """A manager of the tenant ``acme``, with a brand and a persona of the tests' own."""
    driver = Driver(stack, "acme")
    driver.set_up_catalog()
    return driver


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        message = "needs Chromium: apt-get install chromium"
        if os.environ.get("REQUIRE_BROWSER"):  # as in CI, where a skipped browser test would prove nothing
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=[False, True], ids=["without-javascript", "with-javascript"])
def phone(chromium: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A page of a phone's width."""
    context = chromium.new_context(
        viewport={"width": 412, "height": 915}, java_script_enabled=request.param, device_scale_factor=1
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def artifacts() -> Path:
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    return ARTIFACTS
