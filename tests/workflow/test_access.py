"""Who gets in, through the gateway and its authorizer."""

import json
from datetime import timedelta
from typing import Any

import pytest

from local.http import Http, Reply
from tests.support.driver import Driver, brief

pytestmark = pytest.mark.stack


def refused(reply: Reply, status: int) -> dict[str, Any]:
    assert reply.status == status, reply.text
    assert reply.headers["content-type"].startswith("application/problem+json")
    problem: dict[str, Any] = reply.json()
    assert problem["status"] == status
    assert problem["correlationId"]
    return problem


def post(driver: Driver, token: str | None, body: Any) -> Reply:
    headers = {"Content-Type": "application/json"}
    return Http(token).send("POST", driver.url("/campaigns"), json.dumps(body).encode(), headers)


def test_no_token(acme: Driver) -> None:
    refused(post(acme, None, brief()), 401)


def test_an_expired_token(acme: Driver) -> None:
    token = acme.stack.token("acme", "manager", lifetime=timedelta(seconds=-5))
    refused(post(acme, token, brief()), 401)


def test_a_token_somebody_else_signed(acme: Driver) -> None:
    token = acme.stack.token("acme", "manager")
    head, claims, signature = token.split(".")
    refused(post(acme, f"{head}.{claims}.{signature[::-1]}", brief()), 401)


def test_a_viewer_starts_nothing(acme: Driver) -> None:
    refused(post(acme, acme.stack.token("acme", "viewer"), brief()), 403)


def test_a_body_that_names_another_tenant(globex: Driver) -> None:
    refused(globex.send("POST", "/campaigns", brief(tenantId="acme")), 403)


def test_another_tenants_campaign_is_not_there(acme: Driver, globex: Driver) -> None:
    campaign_id = acme.start(postCount=1)
    for path in ("", "/progress", "/posts"):
        refused(globex.send("GET", f"/campaigns/{campaign_id}{path}"), 404)
    assert campaign_id not in [item["campaignId"] for item in globex.get("/campaigns", limit=100)["items"]]


def test_another_tenants_brand_is_unknown(globex: Driver) -> None:
    problem = refused(globex.send("POST", "/campaigns", brief()), 422)
    assert "brandId" in {error["field"] for error in problem["errors"]}


def test_a_body_over_the_limit(acme: Driver) -> None:
    refused(acme.send("POST", "/campaigns", brief(goal="x" * 262_144)), 413)


def test_a_body_that_is_not_json(acme: Driver) -> None:
    reply = acme.http.send("POST", acme.url("/campaigns"), b"{", {"Content-Type": "application/json"})
    refused(reply, 400)


def test_a_cursor_that_is_none_of_ours(acme: Driver) -> None:
    refused(acme.send("GET", "/campaigns?cursor=surprise"), 422)


def test_what_is_deleted_is_gone(globex: Driver) -> None:
    brand = {"name": "Passing", "tone": ["brief"], "voice": "Here today."}
    assert globex.send("PUT", "/brands/passing", brand).status == 200
    gone = globex.send("DELETE", "/brands/passing")
    assert (gone.status, gone.body) == (204, b"")
    refused(globex.send("GET", "/brands/passing"), 404)
