"""The HTTP surface: who is asked for a token, and that even the gateway's own answers are problem details."""

import json
from typing import Any

from lambdas.api.authorizer import authorize
from lambdas.api.problems import type_of
from lambdas.api.rest.app import routes
from lambdas.api.rest.openapi import describe
from lambdas.domain.errors import UnauthenticatedError
from tests.fakes import MemoryClock, MemoryKeys, MemoryLog
from tests.infra.templates import Assembly, Properties, text

PUBLIC = {
    # A reviewer's link, which carries its own token. HEAD is what mail scanners ask.
    ("GET", "/approve/{callbackId}"),
    ("HEAD", "/approve/{callbackId}"),
    ("POST", "/approve/{callbackId}"),
    # The approval token is its bearer token.
    ("POST", "/campaigns/{campaignId}/approve"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
}
NOWHERE = {("ANY", path) for path in ("", "/{proxy+}", *(path for _, path in PUBLIC))}
"""Every path that is none, and every method that a public path does not have: the application says so."""
ANSWERS = {
    "DEFAULT_4XX": 400,
    "INVALID_SIGNATURE": 404,  # no method takes one, so it came with a path that the gateway does not know
    "EXPIRED_TOKEN": 404,
    "WAF_FILTERED": 403,
    "RESOURCE_NOT_FOUND": 404,
    "UNSUPPORTED_MEDIA_TYPE": 415,
    "QUOTA_EXCEEDED": 429,
    "UNAUTHORIZED": 401,
    "ACCESS_DENIED": 401,  # the authorizer denies nothing but tokens
    "MISSING_AUTHENTICATION_TOKEN": 404,  # what API Gateway calls a path it does not know
    "REQUEST_TOO_LARGE": 413,
    "THROTTLED": 429,
    "INTEGRATION_TIMEOUT": 504,
    "DEFAULT_5XX": 500,
}


def methods(assembly: Assembly) -> dict[tuple[str, str], Properties]:
    """By method and path."""
    resources = assembly.resources("AWS::ApiGateway::Resource")

    def path(resource: Any) -> str:
        found = resources.get(text(resource).strip("<>"))
        return f"{path(found['ParentId'])}/{found['PathPart']}" if found else ""

    return {
        (method["HttpMethod"], path(method["ResourceId"])): method
        for method in assembly.resources("AWS::ApiGateway::Method").values()
    }


def test_only_the_documented_routes_are_public(both: Assembly) -> None:
    assert {
        route for route, method in methods(both).items() if method["AuthorizationType"] == "NONE"
    } == PUBLIC | NOWHERE


def test_every_other_route_asks_the_authorizer(both: Assembly) -> None:
    (authorizer,) = both.resources("AWS::ApiGateway::Authorizer")
    private = {route: method for route, method in methods(both).items() if route not in PUBLIC | NOWHERE}
    assert private
    for route, method in private.items():
        assert method["AuthorizationType"] == "CUSTOM", route
        assert text(method["AuthorizerId"]) == f"<{authorizer}>", route


def test_the_authorizer_reads_the_bearer_token(both: Assembly) -> None:
    authorizer = both.only("AWS::ApiGateway::Authorizer")
    assert authorizer["IdentitySource"] == "method.request.header.Authorization"
    assert "AuthorizerFunction" in text(authorizer["AuthorizerUri"])
    assert authorizer["AuthorizerResultTtlInSeconds"] <= 300


def test_every_route_goes_to_the_api_function(both: Assembly) -> None:
    for route, method in methods(both).items():
        assert method["Integration"]["Type"] == "AWS_PROXY", route
        assert both.name_of(method["Integration"]["Uri"]) == "api", route


def test_the_gateway_offers_the_routes_of_the_application_and_no_others(both: Assembly) -> None:
    offered = {(method, path) for method, path in methods(both) if method != "ANY"}
    assert offered == {(route.method, route.path) for route in routes().offered()}


def test_every_documented_operation_is_offered_and_every_route_but_these_documented(both: Assembly) -> None:
    described = {(method.upper(), path) for path, item in describe(routes())["paths"].items() for method in item}
    offered = {(method, path) for method, path in methods(both) if method != "ANY"}
    undocumented = {("HEAD", "/approve/{callbackId}"), ("GET", "/openapi.json"), ("GET", "/docs")}
    assert described == offered - undocumented
    assert undocumented <= offered


def test_a_method_that_a_path_does_not_have_is_refused_by_the_application(both: Assembly) -> None:
    """To the gateway it would be a path that it does not know."""
    found = methods(both)
    assert {path for method, path in found if method == "ANY"} == {path for _, path in found}
    for method, path in found:  # and asks for a token where the path's other methods do
        assert found[method, path]["AuthorizationType"] == found["ANY", path]["AuthorizationType"], (method, path)


def test_the_gateways_own_answers_are_problem_details(both: Assembly) -> None:
    responses = both.resources("AWS::ApiGateway::GatewayResponse").values()
    assert {response["ResponseType"]: int(response["StatusCode"]) for response in responses} == ANSWERS
    for response in responses:
        headers = response["ResponseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert headers["gatewayresponse.header.X-Correlation-Id"] == "context.requestId"
        unauthenticated = int(response["StatusCode"]) == 401
        assert ("gatewayresponse.header.WWW-Authenticate" in headers) == unauthenticated
        (template,) = response["ResponseTemplates"].values()
        # messageString brings its own quotes.
        problem = json.loads(template.replace("$context.error.messageString", '"Unauthorized"'))
        assert set(problem) == {"type", "title", "status", "detail", "errors", "correlationId"}
        assert problem["status"] == int(response["StatusCode"])
        assert problem["correlationId"] == "$context.requestId"
        assert "Missing Authentication Token" not in template
        assert (problem["detail"] == "there is nothing at this path") == (problem["status"] == 404)


def test_an_absent_token_is_told_in_the_applications_words(both: Assembly) -> None:
    found = both.resources("AWS::ApiGateway::GatewayResponse").values()
    (absent,) = [response for response in found if response["ResponseType"] == "UNAUTHORIZED"]
    problem = json.loads(absent["ResponseTemplates"]["application/json"])
    assert problem["type"] == type_of(UnauthenticatedError.code)
    assert problem["title"] == UnauthenticatedError.title
    assert absent["ResponseParameters"]["gatewayresponse.header.WWW-Authenticate"] == "'Bearer'"


def test_a_denied_token_is_told_what_the_authorizer_says_of_it(both: Assembly) -> None:
    found = both.resources("AWS::ApiGateway::GatewayResponse").values()
    (denied,) = [response for response in found if response["ResponseType"] == "ACCESS_DENIED"]
    problem = json.loads(denied["ResponseTemplates"]["application/json"])
    event = {"methodArn": "arn:aws:execute-api:us-east-1:0:a/prod/GET/x", "headers": {"Authorization": "Bearer x"}}
    policy = authorize(event, MemoryKeys().api(), now=MemoryClock().now(), log=MemoryLog())
    named = {
        problem["type"].removeprefix("$context.authorizer."),
        problem["detail"].removeprefix("$context.authorizer."),
    }
    assert named == set(policy["context"])


def test_the_access_log_has_no_query_in_it(both: Assembly) -> None:
    """A reviewer's link carries its token in the query."""
    stage = both.only("AWS::ApiGateway::Stage")
    logged = json.loads(stage["AccessLogSetting"]["Format"])
    assert "$context.resourcePath" in logged.values()
    assert not {"$context.path", "$context.requestOverride.path.proxy"} & set(logged.values())
    assert "querystring" not in stage["AccessLogSetting"]["Format"]
    for setting in stage["MethodSettings"]:
        assert setting.get("LoggingLevel", "OFF") == "OFF"
        assert setting.get("DataTraceEnabled", False) is False


def test_the_gateway_slows_callers_down(both: Assembly) -> None:
    (setting,) = both.only("AWS::ApiGateway::Stage")["MethodSettings"]
    assert (setting["HttpMethod"], setting["ResourcePath"]) == ("*", "/*")
    assert 0 < setting["ThrottlingRateLimit"] <= setting["ThrottlingBurstLimit"]
