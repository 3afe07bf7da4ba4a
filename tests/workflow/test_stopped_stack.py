"""The local stack is stopped, or killed, with campaigns in every status of BUILD: all of them go on where they were."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.adapters.table.request_store import TableApprovals
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.approval import MadeDecision
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import Decision
from lambdas.services.lifecycle import BUILDING
from local.http import Http, forms
from tests.support.driver import Driver
from tests.workflow.test_approval import let_expire
from tests.workflow.test_recovery import approve, fail, queue_without_execution, taken_over, written

pytestmark = pytest.mark.stack

ENDED = ("approved", "rejected", "expired", "failed")
NEVER = {"scheduled", "running", "paused", "completed", "stopped", "deleting"}
"""What becomes of campaigns after BUILD, and by hand."""


def waiting(driver: Driver) -> str:
    campaign_id = driver.start(postCount=3)
    driver.wait(campaign_id, "awaiting_approval")
    return campaign_id


def decided(driver: Driver, decision: str, status: str) -> str:
    campaign_id = waiting(driver)
    assert driver.decide(campaign_id, decision).status == 200
    driver.wait(campaign_id, status)
    return campaign_id


def expired(driver: Driver) -> str:
    campaign_id = waiting(driver)
    let_expire(driver, campaign_id)
    return campaign_id


def nobody_is_told(driver: Driver) -> None:
    """Executions that end badly are not reported, as on AWS may happen: the report is its best effort."""
    events = driver.stack.client("events")
    for rule in events.list_rules()["Rules"]:
        if "aws.states" in rule.get("EventPattern", ""):
            events.disable_rule(Name=rule["Name"])


def sent_back(driver: Driver) -> str:
    """What RevisePosts leaves that died after its first write."""
    campaign_id = waiting(driver)
    nobody_is_told(driver)
    driver.stack.client("stepfunctions").stop_execution(executionArn=driver.execution_arn(campaign_id))
    table, now = DynamoTable(driver.stack.client("dynamodb"), driver.stack.info["table"]), datetime.now(UTC)
    key = CampaignKey(TenantId(driver.tenant), CampaignId(campaign_id))
    (approval,) = TableApprovals(table).all(key)
    made = MadeDecision(
        decision=Decision.NEEDS_REVISION, comments="Shorter", decided_by="rita@example.com", decided_at=now
    )
    TableApprovals(table).decide(key, approval.callback_id, made)
    revision = {"status": CampaignStatus.NEEDS_REVISION, "revision": 1}
    TableCampaigns(table).update(key, expected=[CampaignStatus.AWAITING_APPROVAL], at=now, **revision)
    return campaign_id


def planning(driver: Driver) -> str:
    """Its planner takes longer than the stack lives."""
    with driver.changed("plan-posts", OFFLINE_LATENCY_MS="20000"):
        campaign_id = driver.start(postCount=3)
        driver.wait(campaign_id, "planning")
    return campaign_id


def generating(driver: Driver) -> str:
    with driver.changed("generate-posts", OFFLINE_LATENCY_MS="400"):
        campaign_id = driver.start(postCount=100, generation={"maxConcurrency": 2})
        driver.wait_for_posts(campaign_id, lambda counts: counts["completed"] > 0)
    return campaign_id


SITUATIONS: dict[str, Callable[[Driver], str]] = {
    "approved": partial(decided, decision="approved", status="approved"),
    "rejected": partial(decided, decision="rejected", status="rejected"),
    "expired": expired,
    "failed": fail,
    "awaiting_approval": waiting,
    "planning": planning,
    "generating": generating,
    "needs_revision": sent_back,
    # Last: the reconciler, which comes once a minute, would start it.
    "queued": partial(queue_without_execution, age=timedelta(minutes=1)),
}


def restart(driver: Driver, *, kill: bool) -> None:
    """As a person would: ``make up`` in a process of its own."""
    home, port = driver.stack.home, driver.stack.info["endpointUrl"].rsplit(":", 1)[1]
    driver.stack.stop(kill=kill)
    environment = os.environ | {"CAMPAIGN_HOME": str(home), "CAMPAIGN_PORT": port}
    subprocess.run([sys.executable, "-m", "local.cli", "up"], env=environment, check=True, capture_output=True)


def statuses(driver: Driver, campaigns: dict[str, str]) -> dict[str, str]:
    return {wanted: driver.get(f"/campaigns/{campaign_id}")["status"] for wanted, campaign_id in campaigns.items()}


def in_every_status(driver: Driver) -> dict[str, str]:
    """A campaign for each, by status. One that the reconciler's minute has moved on is replaced by another."""
    campaigns: dict[str, str] = {}
    for _ in range(4):
        campaigns |= {status: make(driver) for status, make in SITUATIONS.items() if status not in campaigns}
        found = statuses(driver, campaigns)
        if all(status == wanted for wanted, status in found.items()):
            return campaigns
        campaigns = {wanted: campaigns[wanted] for wanted, status in found.items() if status == wanted}
    raise AssertionError(f"only {sorted(campaigns)} stay where they are")


@pytest.mark.parametrize("kill", [False, pytest.param(True, marks=pytest.mark.soak)], ids=["stopped", "killed"])
def test_campaigns_in_every_status_go_on_where_they_were(acme: Driver, kill: bool) -> None:
    assert set(SITUATIONS) == set(CampaignStatus) - NEVER
    campaigns = in_every_status(acme)
    if kill:
        time.sleep(2 * 3.0 + 1)  # what was written before the last save but one is safe (``autosave_seconds``)
    old_link = acme.link(campaigns["awaiting_approval"])
    before = {status: written(acme, campaign_id) for status, campaign_id in campaigns.items()}
    records = {status: acme.items(campaigns[status], "CAMPAIGN") for status in ENDED}

    restart(acme, kill=kill)

    for status in BUILDING:
        campaign = acme.wait(campaigns[status], "awaiting_approval", seconds=240)
        if status is CampaignStatus.AWAITING_APPROVAL:
            taken_over(acme, campaigns[status], old_link)
        assert campaign["counts"]["completed"] == campaign["counts"]["total"] > 0
        # Sent back, its posts are written anew; killed, the stack forgot what it did in its last seconds.
        anew = {CampaignStatus.NEEDS_REVISION} | ({CampaignStatus.GENERATING} if kill else set())
        if status not in anew:
            assert before[status].items() <= written(acme, campaigns[status]).items()
        approve(acme, campaigns[status])
    assert acme.record(campaigns["needs_revision"])["revision"] == 1
    for status in ENDED:
        assert acme.items(campaigns[status], "CAMPAIGN") == records[status]
        assert written(acme, campaigns[status]) == before[status]


def test_what_reviewers_and_managers_did_survives_a_restart(acme: Driver) -> None:
    """An answer, a link that was taken back, somebody else in a reviewer's place, and the deadline."""
    reviewers = ["rita@example.com", "ruth@example.com", "rosa@example.com"]
    campaign_id = acme.start(postCount=2, approval={"reviewers": reviewers, "quorum": "all"})
    acme.wait(campaign_id, "awaiting_approval")
    acme.link(campaign_id)
    (request,) = acme.get(f"/campaigns/{campaign_id}/approvals")["items"]
    place = f"/campaigns/{campaign_id}/approvals/{request['callbackId']}"
    links = links_of(acme, campaign_id, 3)
    answer(links["rita@example.com"])
    assert acme.send("POST", f"{place}/revoke", {"reviewer": "ruth@example.com"}).status == 200
    change = {"from": "rosa@example.com", "to": "rhea@example.com"}
    assert acme.send("POST", f"{place}/reassign", change).status == 200
    acme.tend()
    links = links_of(acme, campaign_id, 4)
    (before,) = acme.get(f"/campaigns/{campaign_id}/approvals")["items"]

    restart(acme, kill=False)

    taken_over(acme, campaign_id, links["rhea@example.com"])
    acme.tend()
    (after,) = acme.get(f"/campaigns/{campaign_id}/approvals")["items"]
    assert after == before
    assert links_of(acme, campaign_id, 4) == links
    assert Http().send("GET", links["ruth@example.com"]).status == 410
    answer(links["rhea@example.com"])
    assert acme.send("POST", f"{place}/reminders", {"reviewer": "ruth@example.com"}).status == 200
    acme.tend()
    answer(links_of(acme, campaign_id, 5)["ruth@example.com"])
    acme.wait(campaign_id, "approved")


def links_of(driver: Driver, campaign_id: str, number: int) -> dict[str, str]:
    """The newest link of each reviewer, once there are so many mails; there are never more."""
    deadline = time.monotonic() + 60
    while True:
        mails = [mail for mail in driver.mails() if mail["tags"].get("campaignId") == campaign_id]
        if len(mails) >= number:
            break
        assert time.monotonic() < deadline, f"{len(mails)} of {number} mails came"
        time.sleep(0.2)
    assert len(mails) == number
    return {mail["to"][0]: mail["links"][0] for mail in reversed(mails)}


def answer(link: str) -> None:
    page = Http().get(link)
    form = next(form for form in forms(page.text) if form.method == "post")
    assert Http().submit(page, form.action, form.filled(decision="approved")).status == 200
