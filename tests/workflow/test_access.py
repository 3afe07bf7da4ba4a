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


def unauthenticated(reply: Reply, detail: str, kind: str, challenge: str) -> None:
    problem = refused(reply, 401)
    assert (problem["detail"], problem["type"].rsplit(":", 1)[1]) == (detail, kind)
    assert reply.headers["www-authenticate"] == challenge
    assert reply.headers["x-correlation-id"] == problem["correlationId"]


INVALID = 'Bearer error="invalid_token"'
NOTHING_SENT = "there is no token: send one as Authorization: Bearer <token>"


def test_no_token(acme: Driver) -> None:
    unauthenticated(post(acme, None, brief()), NOTHING_SENT, "unauthenticated", "Bearer")


def test_another_scheme(acme: Driver) -> None:
    headers = {"Content-Type": "application/json", "Authorization": "Basic YTpi"}
    reply = Http(None).send("POST", acme.url("/campaigns"), b"{}", headers)
    unauthenticated(reply, NOTHING_SENT, "unauthenticated", INVALID)


@pytest.mark.parametrize("path", ["/nothing", "/campaigns/none/of/these", "/", "/prod"])
@pytest.mark.parametrize("known", [True, False])
def test_an_unknown_path_is_not_found_with_and_without_a_token(acme: Driver, path: str, known: bool) -> None:
    reply = (acme.http if known else Http(None)).send("GET", acme.url(path))
    problem = refused(reply, 404)
    assert (problem["title"], problem["detail"]) == ("Not found", "there is nothing at this path")
    assert reply.headers["x-correlation-id"] == problem["correlationId"]


def test_an_expired_token(acme: Driver) -> None:
    token = acme.stack.token("acme", "manager", lifetime=timedelta(seconds=-5))
    for _ in range(2):  # the second time from the gateway's cache
        unauthenticated(post(acme, token, brief()), "the token has expired", "token-expired", INVALID)


def test_a_token_somebody_else_signed(acme: Driver) -> None:
    token = acme.stack.token("acme", "manager")
    head, claims, signature = token.split(".")
    reply = post(acme, f"{head}.{claims}.{signature[::-1]}", brief())
    unauthenticated(reply, "the token does not verify", "unauthenticated", INVALID)


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


def test_an_unknown_query_parameter(acme: Driver) -> None:
    problem = refused(acme.send("GET", "/campaigns?lmit=5"), 422)
    assert [error["field"] for error in problem["errors"]] == ["lmit"]
