"""What every route does alike: unknown paths and methods, correlation ids, whole links, errors nobody foresaw."""

import json
import re

import pytest

from lambdas.adapters.table import keys
from lambdas.api.rest.openapi import describe
from lambdas.domain.errors import DependencyUnavailableError
from lambdas.domain.ids import CampaignKey
from lambdas.ports.table import Update
from tests.support.api import ACME
from tests.support.logs import follow_stdout

ULID = "01JZ0000000000000000000001"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/campaigns/none", 404),
        ("GET", f"/campaigns/{ULID}", 404),
        ("GET", f"/campaigns/{ULID}/posts/none", 404),
        ("DELETE", "/campaigns", 405),
        ("PATCH", f"/campaigns/{ULID}", 405),
    ],
)
def test_what_is_not_there_is_a_problem(world, method, path, status):
    reply = world.call(method, path)

    assert (reply.status, reply.headers["Content-Type"]) == (status, "application/problem+json")
    assert reply.json["correlationId"]


def test_a_wrong_method_is_told_the_right_ones(world):
    assert world.call("DELETE", "/campaigns").headers["Allow"] == "GET, POST"


@pytest.mark.parametrize("sent", ["", "has space", "x" * 129, "line\nbreak"])
def test_a_correlation_id_that_is_unusable_is_replaced(world, sent):
    reply = world.call("GET", "/campaigns", headers={"x-correlation-id": sent})

    assert reply.status == 200
    assert reply.headers["X-Correlation-Id"] == world.log.correlation_ids[-1] != sent


def test_links_are_whole_where_the_gateway_tells_its_domain(world, make_brief):
    reply = world.call("POST", "/campaigns", make_brief(), context={"domainName": "api.example.com"})
    assert reply.headers["Location"].startswith("https://api.example.com/prod/campaigns/01")

    world.base_url = "http://localhost:4566/_aws/execute-api/abc/prod/"
    reply = world.call("POST", "/campaigns", make_brief(), headers={"Host": "evil.example"})
    assert reply.headers["Location"].startswith("http://localhost:4566/_aws/execute-api/abc/prod/campaigns/01")


def test_an_error_nobody_foresaw_is_logged_and_tells_nothing(world, monkeypatch):
    def broken(*_: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(world.campaigns, "page", broken)
    reply = world.call("GET", "/campaigns")

    assert (reply.status, reply.headers["Content-Type"]) == (500, "application/problem+json")
    assert "secret detail" not in reply.text
    assert [type(error) for error in world.log.errors] == [ZeroDivisionError]


def test_a_service_that_is_down_is_a_503_to_be_tried_again(world, monkeypatch):
    def down(*_: object) -> None:
        raise DependencyUnavailableError("DynamoDB answered 500")

    monkeypatch.setattr(world.campaigns, "page", down)
    reply = world.call("GET", "/campaigns")

    assert (reply.status, reply.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("path", ["/brands/new", "/personas/new"])
def test_no_body_may_name_another_tenant(world, path):
    reply = world.call("PUT", path, {"tenantId": "globex", "name": "Ours"})

    assert (reply.status, reply.fields) == (403, ["tenantId"])
    assert world.log.events == [("tenant_mismatch", {"tenant_id": "acme", "subject": "robin"})]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/campaigns"),
        ("POST", "/campaigns"),
        ("GET", f"/campaigns/{ULID}"),
        ("GET", f"/campaigns/{ULID}/posts"),
        ("PATCH", f"/campaigns/{ULID}/posts/{ULID}"),
        ("GET", f"/campaigns/{ULID}/checkpoints"),
        ("GET", f"/campaigns/{ULID}/executions"),
        ("GET", f"/campaigns/{ULID}/graph"),
        ("GET", f"/campaigns/{ULID}/progress"),
        ("POST", f"/campaigns/{ULID}/retry"),
        ("GET", f"/campaigns/{ULID}/approvals"),
        ("POST", f"/campaigns/{ULID}/approve"),
        ("PUT", "/brands/northwind"),
        ("DELETE", "/personas/mara"),
        ("GET", "/settings"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
    ],
)
def test_an_unknown_query_parameter_is_refused_by_its_name(world, method, path):
    reply = world.call(method, path, {}, query={"lmit": "5", "Cursor": "x"})
    assert (reply.status, reply.headers["Content-Type"]) == (422, "application/problem+json")
    assert reply.json["errors"] == [
        {"field": "Cursor", "message": "unknown query parameter"},
        {"field": "lmit", "message": "unknown query parameter"},
    ]
    assert world.catalog.get_persona(ACME, "mara")


def test_every_route_but_the_reviewers_pages_refuses_it(world):
    """Of every route there is, so that none is forgotten."""
    for path, methods in describe(world.api.resolver)["paths"].items():
        filled = re.sub(r"{\w+}", ULID, re.sub(r"{(brand|persona)Id}", "mara", path))
        for method in methods:
            reply = world.call(method.upper(), filled, {}, query={"utm_source": "mail"})
            refused = reply.status == 422 and "utm_source" in reply.text
            assert refused != filled.startswith("/approve/"), (method, path, reply.status)


def test_a_known_parameter_is_still_taken(world):
    assert world.call("GET", "/docs", query={"format": "json"}).json["openapi"]
    assert world.call("GET", "/campaigns", query={"limit": "5"}).status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("PUT", "/brands/b", {"name": "N", "tone": ["warm", "a\x00b"], "voice": "V"}, "tone[1]"),
        ("PUT", "/brands/b", {"name": "N", "tone": ["w"], "voice": "V", "handles": {"x": "@a\x0bb"}}, "handles.x"),
        ("PUT", "/personas/p", {"name": "N", "role": "R", "style": "S\x1b", "examples": ["E"]}, "style"),
        ("PUT", "/settings", {"notify": ["ops@example.com", "o\x00ps@example.com"]}, "notify[1]"),
        ("PATCH", f"/campaigns/{ULID}/posts/{ULID}", {"text": "a\x00b"}, "text"),
        ("POST", f"/campaigns/{ULID}/retry", {"mode": "from_step", "step": "Plan\x00Posts"}, "step"),
        ("POST", f"/campaigns/{ULID}/approvals/{ULID}/revoke", {"reviewer": "a\x7f@example.com"}, "reviewer"),
    ],
)
def test_a_control_character_is_refused_with_its_place_in_every_body(world, method, path, body, field):
    reply = world.call(method, path, body)
    assert (reply.status, reply.fields) == (422, [field])
    assert "control character" in reply.json["errors"][0]["message"]


@pytest.mark.parametrize("character", ["\x00", "\x07", "\n", "\x1f", "\x7f"])
def test_a_control_character_in_a_path_a_header_or_a_parameter(world, make_brief, character):
    brand = {"name": "N", "tone": ["warm"], "voice": "V"}
    put = world.call("PUT", f"/brands/north{character}wind", brand)
    assert (put.status, put.fields) == (422, ["brandId"])
    assert world.call("DELETE", f"/brands/north{character}wind").status == 404
    assert world.call("GET", f"/campaigns/{character}{ULID}/posts").status == 404
    assert world.call("GET", "/campaigns", query={"cursor": f"a{character}"}).fields == ["cursor"]
    refused = world.call("POST", "/campaigns", make_brief(), headers={"Idempotency-Key": f"k{character}"})
    assert (refused.status, refused.fields) == (422, ["Idempotency-Key"])
    assert world.written() == []


def test_one_record_that_cannot_be_read_hides_no_other(world, make_brief, capsys):
    ids = [world.call("POST", "/campaigns", make_brief(name=f"C{n}")).json["campaignId"] for n in range(3)]
    place = keys.campaign(CampaignKey(ACME, ids[1]))
    world.table.update_if(Update(place, {"status": "a status of a newer version"}))
    follow_stdout()
    capsys.readouterr()
    reply = world.call("GET", "/campaigns", query={"limit": "2"})
    rest = world.call("GET", "/campaigns", query={"limit": "2", "cursor": reply.json["nextCursor"]})
    assert [item["campaignId"] for item in (*reply.json["items"], *rest.json["items"])] == [ids[2], ids[0]]
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["record"] for line in said if line.get("message") == "campaign cannot be read"] == [place.pk]
    assert [line["RecordUnreadable"] for line in said if "RecordUnreadable" in line] == [[1.0]]
