"""A campaign knows what its tenant said before: through the bucket, with the roles as they are."""

import json
from typing import Any

import pytest

from local.stack import Stack
from tests.support.driver import Driver

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def acme(stack: Stack) -> Driver:
    """A tenant that says nothing but what these tests say."""
    driver = Driver(stack, "recent-acme")
    driver.set_up_catalog()
    return driver


def put_aside(driver: Driver, campaign_id: str) -> list[str]:
    stack = driver.stack
    found = [
        bucket["Name"]
        for bucket in stack.client("s3").list_buckets()["Buckets"]
        if "manifests" in bucket["Name"].lower()
    ]
    name = f"tenants/{driver.tenant}/campaigns/{campaign_id}/recent-texts.json"
    texts: list[str] = json.loads(stack.client("s3").get_object(Bucket=found[0], Key=name)["Body"].read())
    return texts


def rules(post: dict[str, Any]) -> dict[str, str]:
    return {rule["rule"]: rule["detail"] for rule in post["provenance"]["rules"]}


def said(driver: Driver, campaign_id: str) -> list[str]:
    return [post["content"]["text"] for post in driver.items(campaign_id, "POST#")]


def approve(driver: Driver, campaign_id: str) -> None:
    driver.wait(campaign_id, "awaiting_approval")
    driver.decide(campaign_id, "approved")
    assert driver.execution(campaign_id)["status"] == "SUCCEEDED"


def test_the_next_campaign_is_compared_with_those_that_were_approved(acme: Driver) -> None:
    first = acme.start(postCount=6)
    approve(acme, first)
    second = acme.start(postCount=6)
    acme.wait(second, "awaiting_approval")
    assert put_aside(acme, first) == []
    assert put_aside(acme, second) == said(acme, first)
    for post in acme.items(second, "POST#"):
        # Whatever the comparison finds, it was made.
        found = rules(post)["agent.repetition"]
        assert found == "unlike 6 earlier texts" or found.endswith("% like an earlier text")
    approve(acme, second)
    third = acme.start(postCount=2)
    acme.wait(third, "awaiting_approval")
    assert put_aside(acme, third) == said(acme, second) + said(acme, first)
    assert not set(said(acme, third)) & set(put_aside(acme, third))
