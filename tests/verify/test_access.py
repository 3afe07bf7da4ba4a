"""Who gets in, through the gateway and its authorizer."""

from datetime import timedelta
from typing import Any

import pytest

from local.client import Client
from local.http import Http, Reply
from tests.support.driver import Author
from tests.verify.notebook import Notebook

pytestmark = pytest.mark.stack

OF_A_CAMPAIGN = ("", "/progress", "/posts", "/checkpoints", "/executions", "/graph", "/approvals")


def refused(reply: Reply, status: int) -> dict[str, Any]:
    """The problem document of a refusal."""
    assert reply.status == status, reply.text
    assert reply.headers["content-type"].startswith("application/problem+json")
    problem: dict[str, Any] = reply.json()
    assert problem["status"] == status
    assert problem["correlationId"]
    return problem


def listed(author: Author, token: str | None) -> Reply:
    return Http(token).send("GET", author.url("/campaigns"))


def unauthenticated(reply: Reply, detail: str, kind: str, challenge: str) -> None:
    problem = refused(reply, 401)
    assert (problem["detail"], problem["type"].rsplit(":", 1)[1]) == (detail, kind)
    assert reply.headers["www-authenticate"] == challenge
    assert reply.headers["x-correlation-id"] == problem["correlationId"]


INVALID = 'Bearer error="invalid_token"'
NOTHING_SENT = "there is no token: send one as Authorization: Bearer <token>"


def test_no_token(one: Author, seen: Notebook) -> None:
    reply = listed(one, None)
    unauthenticated(reply, NOTHING_SENT, "unauthenticated", "Bearer")
    seen.reply("refusal", reply)
    seen.fact("headers", sorted(reply.headers))


def test_another_scheme(one: Author, seen: Notebook) -> None:
    reply = Http(None).send("GET", one.url("/campaigns"), None, {"Authorization": "Basic YTpi"})
    unauthenticated(reply, NOTHING_SENT, "unauthenticated", "Bearer")
    seen.reply("refusal", reply)


@pytest.mark.parametrize("path", ["/nothing", "/campaigns/none/of/these", "/", "/prod"])
@pytest.mark.parametrize("known", [True, False])
def test_an_unknown_path_is_not_found_with_and_without_a_token(
    one: Author, seen: Notebook, path: str, known: bool
) -> None:
    reply = one.send("GET", path) if known else Http(None).send("GET", one.url(path))
    problem = refused(reply, 404)
    assert (problem["title"], problem["detail"]) == ("Not found", "there is nothing at this path")
    assert reply.headers["x-correlation-id"] == problem["correlationId"]
    seen.reply("refusal", reply)


def test_an_expired_token(one: Author, seen: Notebook) -> None:
    token = one.target.token(one.tenant, "manager", lifetime=timedelta(seconds=-5))
    for _ in range(2):  # the second time from the gateway's cache
        reply = listed(one, token)
        unauthenticated(reply, "the token has expired", "token-expired", INVALID)
    seen.reply("refusal", reply)


@pytest.mark.parametrize("spoilt", ["signature", "claims", "text"])
def test_a_token_that_is_none(one: Author, seen: Notebook, spoilt: str) -> None:
    head, claims, signature = one.target.token(one.tenant, "manager").split(".")
    tokens = {
        "signature": f"{head}.{claims}.{signature[::-1]}",
        "claims": f"{head}.{claims[:-4]}AAAA.{signature}",
        "text": "surprise",
    }
    reply = listed(one, tokens[spoilt])
    unauthenticated(reply, "the token does not verify", "invalid-token", INVALID)
    seen.reply("refusal", reply)


def test_a_viewer_starts_nothing(one: Author, seen: Notebook) -> None:
    viewer = Client(one.target, one.tenant, "viewer")
    assert viewer.send("GET", "/campaigns").status == 200
    reply = viewer.send("POST", "/campaigns", one.brief())
    refused(reply, 403)
    seen.reply("refusal", reply)


def test_a_body_that_names_another_tenant(one: Author, other: Author, seen: Notebook) -> None:
    reply = other.send("POST", "/campaigns", other.brief(tenantId=one.tenant))
    refused(reply, 403)
    seen.reply("refusal", reply)


def test_another_tenants_campaign_is_not_there(one: Author, other: Author, seen: Notebook) -> None:
    campaign_id = one.start(postCount=1)
    for path in OF_A_CAMPAIGN:
        assert one.send("GET", f"/campaigns/{campaign_id}{path}").status == 200, path
        reply = other.send("GET", f"/campaigns/{campaign_id}{path}")
        refused(reply, 404)
        seen.reply(f"GET {path}", reply)
    retry = other.send("POST", f"/campaigns/{campaign_id}/retry", {})
    refused(retry, 404)
    assert campaign_id not in [item["campaignId"] for item in other.pages("/campaigns")]
    assert campaign_id in [item["campaignId"] for item in one.pages("/campaigns")]


def test_another_tenants_brand_is_unknown(other: Author, seen: Notebook) -> None:
    reply = other.send("POST", "/campaigns", other.brief())
    problem = refused(reply, 422)
    assert "brandId" in {error["field"] for error in problem["errors"]}
    seen.reply("refusal", reply)


def test_a_body_over_the_limit(one: Author, seen: Notebook) -> None:
    reply = one.send("POST", "/campaigns", one.brief(goal="x" * 262_144))
    refused(reply, 413)
    seen.reply("refusal", reply)


def test_a_body_that_is_not_json(one: Author, seen: Notebook) -> None:
    reply = one.http.send("POST", one.url("/campaigns"), b"{", {"Content-Type": "application/json"})
    refused(reply, 400)
    seen.reply("refusal", reply)


def test_a_cursor_that_is_none_of_ours(one: Author, seen: Notebook) -> None:
    reply = one.send("GET", "/campaigns?cursor=surprise")
    refused(reply, 422)
    seen.reply("refusal", reply)


def test_paths_and_methods_that_are_not_there(one: Author, seen: Notebook) -> None:
    for method, path, status in (
        ("GET", "/surprise", 404),
        ("DELETE", "/campaigns", 405),
        ("DELETE", "/openapi.json", 405),
        ("GET", "/campaigns/01JZ0000000000000000000CAM/approve", 405),
    ):
        reply = one.send(method, path)
        refused(reply, status)
        assert ("allow" in reply.headers) == (status == 405)
        seen.reply(f"{method} {path}", reply)


def test_what_is_deleted_is_gone(other: Author, seen: Notebook) -> None:
    brand = {"name": "Passing", "tone": ["brief"], "voice": "Here today."}
    assert other.send("PUT", "/brands/passing", brand).status == 200
    gone = other.send("DELETE", "/brands/passing")
    assert (gone.status, gone.body) == (204, b"")
    reply = other.send("GET", "/brands/passing")
    refused(reply, 404)
    seen.reply("refusal", reply)


def test_an_unknown_query_parameter(one: Author, seen: Notebook) -> None:
    reply = one.send("GET", "/campaigns?lmit=5")
    problem = refused(reply, 422)
    assert [error["field"] for error in problem["errors"]] == ["lmit"]
    seen.reply("refusal", reply)
