"""Starting a campaign, by the API and by invoking ``build-campaign``: once, and in the same words."""

from typing import Any

import pytest
from ulid import ULID

from local.client import InvocationError
from tests.support.driver import Author
from tests.verify.notebook import Notebook

pytestmark = pytest.mark.stack


def test_the_answer_comes_before_any_planning(one: Author, seen: Notebook) -> None:
    reply = one.send("POST", "/campaigns", one.brief(postCount=20))
    campaign = reply.json()
    assert (reply.status, campaign["status"]) == (202, "queued")
    assert reply.headers["location"].endswith(f"/campaigns/{campaign['campaignId']}")
    seen.fact("answer", campaign)
    seen.fact("headers", sorted(reply.headers))
    one.wait(campaign["campaignId"], "awaiting_approval", seconds=200)
    created = one.campaign(campaign["campaignId"])["createdAt"]
    checkpoints = one.pages(f"/campaigns/{campaign['campaignId']}/checkpoints", "checkpoints")
    plan = next(checkpoint for checkpoint in checkpoints if checkpoint["stepName"] == "PlanPosts")
    assert created < plan["startedAt"]


def test_an_idempotency_key_stands_for_one_body(one: Author, seen: Notebook) -> None:
    key = {"Idempotency-Key": f"one-key-for-one-body-{ULID()}"}
    first = one.send("POST", "/campaigns", one.brief(postCount=1), key)
    again = one.send("POST", "/campaigns", one.brief(postCount=1), key)
    other = one.send("POST", "/campaigns", one.brief(postCount=2), key)
    assert first.json()["campaignId"] == again.json()["campaignId"]
    assert (first.status, again.status, other.status) == (202, 202, 422)
    seen.reply("the same key with another body", other)


def test_the_same_campaign_twice_is_one_execution(one: Author, seen: Notebook) -> None:
    campaign_id = str(ULID())
    payload = {"tenantId": one.tenant, "campaign": one.brief(postCount=1, campaignId=campaign_id)}
    first, again = one.invoke("build-campaign", payload), one.invoke("build-campaign", payload)
    assert first["executionArn"] == again["executionArn"]
    by_api = one.submit(payload["campaign"]).json()
    assert by_api["executionArn"] == first["executionArn"]
    one.wait(campaign_id, "awaiting_approval")
    assert [e["name"] for e in one.pages(f"/campaigns/{campaign_id}/executions")] == [campaign_id]
    taken = one.send("POST", "/campaigns", one.brief(postCount=2, campaignId=campaign_id))
    assert taken.status == 409
    seen.fact("answer", first)
    seen.reply("another brief under the same id", taken)


BAD = {
    "unknown field": {"surprise": 1},
    "wrong type": {"postCount": "many"},
    "unknown brand": {"brandId": "no-such-brand"},
    "unknown persona": {"personaIds": ["no-such-persona"]},
    "unsupported platform": {"platforms": ["myspace"]},
    "end before start": {
        "schedule": {"start": "2037-03-02T09:00:00", "end": "2037-03-01T09:00:00", "timeZone": "Europe/Berlin"}
    },
    "no such time zone": {
        "schedule": {"start": "2037-03-01T09:00:00", "end": "2037-03-02T09:00:00", "timeZone": "Europe/Atlantis"}
    },
    "too many posts": {"postCount": 10_001},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_the_words_of_the_api(one: Author, seen: Notebook, changes: dict[str, Any]) -> None:
    body = one.brief(**changes, name=f"refused-{ULID()}")
    reply = one.send("POST", "/campaigns", body)
    with pytest.raises(InvocationError) as raised:
        one.invoke("build-campaign", {"tenantId": one.tenant, "campaign": body})
    assert reply.status == 422
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert raised.value.error_type == "InvalidInputError"
    for field in reply.json()["errors"]:
        assert f"{field['field']}: {field['message']}" in raised.value.message
    # The newest come first, so one that had been written would be on the first page.
    assert body["name"] not in [item["name"] for item in one.get("/campaigns", limit=100)["items"]]
    seen.reply("refusal", reply)
