"""A campaign knows what its tenant said before: through the bucket, with the roles as they are."""

import json
from typing import Any

import pytest

from tests.support.driver import Driver

pytestmark = pytest.mark.stack


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


def test_the_next_campaign_is_compared_with_the_last(acme: Driver) -> None:
    first = acme.start(postCount=6)
    acme.wait(first, "awaiting_approval")
    second = acme.start(postCount=6)
    acme.wait(second, "awaiting_approval")
    said = [post["content"]["text"] for post in acme.items(first, "POST#")]
    texts = put_aside(acme, second)
    assert set(said) <= set(texts)
    for post in acme.items(second, "POST#"):
        assert f"{len(texts)} earlier texts" in rules(post)["agent.repetition"]
        assert post["content"]["text"] not in texts
