"""From a refused asynchronous invocation to a campaign, by the commands behind ``make dlq-list`` and ``dlq-replay``."""

import json
import os
import subprocess
import sys
import time

import pytest
from ulid import ULID

from tests.support.driver import Driver, brief

pytestmark = pytest.mark.stack


def dlq(driver: Driver, action: str) -> tuple[int, str]:
    result = subprocess.run(
        [sys.executable, "-m", "local.cli", "dlq", action, "--limit", "1000"],
        env=os.environ | {"CAMPAIGN_HOME": str(driver.stack.home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not result.stderr
    return result.returncode, result.stdout


def send(driver: Driver, **changes: object) -> str:
    """Asynchronously, as an internal service does; answers the campaign's name."""
    name = f"letter-{ULID()}"
    payload = {"tenantId": "acme", "campaign": brief(name=name, **changes)}
    driver.stack.client("lambda").invoke(
        FunctionName="build-campaign:live", InvocationType="Event", Payload=json.dumps(payload).encode()
    )
    return name


def listed(driver: Driver, *names: str) -> str:
    """What is listed once all of ``names`` are."""
    deadline = time.monotonic() + 60
    while True:
        code, text = dlq(driver, "list")
        assert code == 0, text
        if all(name in text for name in names):
            return text
        assert time.monotonic() < deadline, text


def test_what_was_refused_is_listed_mended_and_started(acme: Driver) -> None:
    brand = f"late-{ULID()}".lower()
    mendable, hopeless = send(acme, brandId=brand, postCount=2), send(acme, postCount=0)
    first = listed(acme, mendable, hopeless)
    assert f"{mendable}: InvalidInputError: brandId: " in first
    assert f"{hopeless}: InvalidInputError: postCount: " in first
    # Looking takes nothing away, and nothing is hidden for a while.
    assert sorted(listed(acme).splitlines()) == sorted(first.splitlines())
    body = {"name": "Late", "tone": ["warm"], "voice": "Plain."}
    assert acme.send("PUT", f"/brands/{brand}", body).status == 200
    code, told = dlq(acme, "replay")
    assert code == 1, "one was refused again"
    assert f"{mendable}: started" in told
    assert f"{hopeless}: InvalidInputError: postCount: " in told
    rest = listed(acme, hopeless)
    assert mendable not in rest
    (started,) = [item for item in acme.get("/campaigns", limit=100)["items"] if item["name"] == mendable]
    acme.wait(started["campaignId"], "awaiting_approval")
