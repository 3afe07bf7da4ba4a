"""A reviewer opens the mailed link in a browser and decides."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.driver import Driver

pytestmark = [pytest.mark.stack, pytest.mark.browser]

ARTIFACTS = Path(os.environ.get("TEST_ARTIFACTS", ".local/test-artifacts"))


@pytest.fixture(scope="module")
def acme(stack: object) -> Driver:
    driver = Driver(stack, "acme")  # type: ignore[arg-type]  # the session fixture's type is the stack's
    driver.set_up_catalog()
    return driver


def test_the_mailed_link_opens_a_page_on_which_a_reviewer_approves(browser: Browser, acme: Driver) -> None:
    campaign_id = acme.start(postCount=6)
    acme.wait(campaign_id, "awaiting_approval")
    page = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844}).new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.goto(acme.link(campaign_id))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Spring launch")
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTIFACTS / "approval-phone.png", full_page=True)
    assert acme.get(f"/campaigns/{campaign_id}")["status"] == "awaiting_approval", "looking decided something"
    # Nothing is wider than a phone.
    assert page.locator("html").evaluate("e => e.scrollWidth") <= 390
    page.get_by_label("Comments").fill("Good work")
    page.get_by_label("Approve").check()
    page.get_by_role("button").last.click()
    expect(page.get_by_role("main")).to_contain_text("approved", ignore_case=True)
    page.screenshot(path=ARTIFACTS / "decided-phone.png", full_page=True)
    acme.wait(campaign_id, "approved")
    assert problems == []
