"""The API describes itself."""

import re

from openapi_spec_validator import validate

ROUTES = {
    "/campaigns": {"get", "post"},
    "/campaigns/{campaignId}": {"get", "delete"},
    "/campaigns/{campaignId}/cancel": {"post"},
    "/campaigns/{campaignId}/duplicate": {"post"},
    "/campaigns/{campaignId}/progress": {"get"},
    "/campaigns/{campaignId}/checkpoints": {"get"},
    "/campaigns/{campaignId}/executions": {"get"},
    "/campaigns/{campaignId}/graph": {"get"},
    "/campaigns/{campaignId}/retry": {"post"},
    "/campaigns/{campaignId}/posts": {"get"},
    "/campaigns/{campaignId}/posts/{postId}": {"get", "patch"},
    "/campaigns/{campaignId}/approvals": {"get"},
    "/campaigns/{campaignId}/approvals/{callbackId}/reminders": {"post"},
    "/campaigns/{campaignId}/approvals/{callbackId}/revoke": {"post"},
    "/campaigns/{campaignId}/approvals/{callbackId}/reassign": {"post"},
    "/campaigns/{campaignId}/approve": {"post"},
    "/settings": {"get", "put"},
    "/campaigns/{campaignId}/export": {"get"},
    "/brands": {"get"},
    "/personas": {"get"},
    "/brands/{brandId}": {"get", "put", "delete"},
    "/personas/{personaId}": {"get", "put", "delete"},
    "/approve/{callbackId}": {"get", "post"},
}


def test_the_document_is_valid_and_complete(world):
    reply = world.call("GET", "/openapi.json", tenant=None)
    document = reply.json

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    validate(document)
    assert {path: set(methods) for path, methods in document["paths"].items()} == ROUTES
    start = document["paths"]["/campaigns"]["post"]
    assert set(start["responses"]) == {
        "202",
        "400",
        "401",
        "403",
        "409",
        "410",
        "413",
        "422",
        "429",
        "500",
        "503",
        "504",
    }
    assert [parameter["name"] for parameter in start["parameters"]] == ["Idempotency-Key"]
    assert start["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/CampaignBrief")
    assert document["servers"] == [{"url": "."}]


def test_every_reference_leads_somewhere_and_every_error_is_a_problem(world):
    text = world.call("GET", "/openapi.json", tenant=None).text
    document = world.call("GET", "/openapi.json", tenant=None).json
    named = set(re.findall(r'"#/components/schemas/([^"]+)"', text))

    assert named <= set(document["components"]["schemas"])
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status, response in operation["responses"].items():
                if int(status) >= 400 and not path.startswith("/approve/"):
                    assert list(response["content"]) == ["application/problem+json"], (path, method, status)


def test_asking_twice_answers_the_same(world):
    assert world.call("GET", "/openapi.json").text == world.call("GET", "/openapi.json").text


def test_the_page_needs_nothing_from_elsewhere(world):
    reply = world.call("GET", "/docs", tenant=None, context={"domainName": "api.example.com"})

    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "https://api.example.com/prod" in reply.text
    assert world.call("GET", "/docs", query={"format": "json"}).json["openapi"].startswith("3.1")
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=", reply.text)
    assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
