"""The Lambda ``build-campaign``, invoked directly."""

import json
from typing import Any

import pytest
from ulid import ULID

from tests.support.driver import Driver, brief

pytestmark = pytest.mark.stack


def invoke(driver: Driver, payload: Any) -> tuple[bool, Any]:
    answer = driver.stack.client("lambda").invoke(
        FunctionName=driver.stack.info["functions"]["build-campaign"], Payload=json.dumps(payload).encode()
    )
    return "FunctionError" not in answer, json.loads(answer["Payload"].read())


def test_the_same_campaign_twice_is_one_execution(acme: Driver) -> None:
    payload = {"tenantId": "acme", "campaign": brief(postCount=1, campaignId=str(ULID()))}
    first, again = invoke(acme, payload), invoke(acme, payload)
    assert first[0], first[1]
    assert first[1]["executionArn"] == again[1]["executionArn"]
    states = acme.stack.client("stepfunctions")
    machine = acme.stack.info["stateMachines"]["build"]
    names = [
        execution["name"]
        for page in states.get_paginator("list_executions").paginate(stateMachineArn=machine)
        for execution in page["executions"]
    ]
    assert names.count(payload["campaign"]["campaignId"]) == 1


BAD = {
    "unknown field": {"surprise": 1},
    "wrong type": {"postCount": "many"},
    "unknown brand": {"brandId": "no-such-brand"},
    "unknown persona": {"personaIds": ["no-such-persona"]},
    "unsupported platform": {"platforms": ["myspace"]},
    "end before start": {
        "schedule": {"start": "2027-03-02T09:00:00", "end": "2027-03-01T09:00:00", "timeZone": "Europe/Berlin"}
    },
    "no such time zone": {
        "schedule": {"start": "2027-03-01T09:00:00", "end": "2027-03-02T09:00:00", "timeZone": "Europe/Atlantis"}
    },
    "too many posts": {"postCount": 10_001},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_in_the_words_of_the_api(acme: Driver, changes: dict[str, Any]) -> None:
    body = brief(**changes, name=f"refused-{ULID()}")
    reply = acme.send("POST", "/campaigns", body)
    succeeded, error = invoke(acme, {"tenantId": "acme", "campaign": body})
    assert reply.status == 422
    assert reply.headers["content-type"].startswith("application/problem+json")
    assert not succeeded
    assert error["errorType"] == "InvalidInputError"
    for field in reply.json()["errors"]:
        assert f"{field['field']}: {field['message']}" in error["errorMessage"]
    # The newest come first, so one that had been written would be on the first page.
    assert body["name"] not in [item["name"] for item in acme.get("/campaigns", limit=100)["items"]]
