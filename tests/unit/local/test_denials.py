"""The gateway's answer to a denied call names what the authorizer said, in the first answer and from the cache."""

import asyncio
import json
from typing import Any

import pytest
from ministack.services import apigateway_v1

from local.emulator import denials
from local.emulator.pinned import EmulatorChangedError

ARN = "arn:aws:execute-api:us-east-1:000000000000:api/prod/*"
AUTHORIZER = {
    "type": "REQUEST",
    "identitySource": "method.request.header.Authorization",
    "authorizerResultTtlInSeconds": 60,
}
METHOD = {"authorizationType": "CUSTOM", "authorizerId": "bearer"}
TEMPLATE = '{"type":"$context.authorizer.problem","detail":"$context.authorizer.reason","id":"$context.requestId"}'


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in denials.REPLACED:
        monkeypatch.setattr(apigateway_v1, name, getattr(apigateway_v1, name))
    monkeypatch.setattr(apigateway_v1, "_authorizer_cache", {})
    monkeypatch.setattr(apigateway_v1, "_authorizers_v1", {"api": {"bearer": AUTHORIZER}})
    response = {"statusCode": "401", "responseTemplates": {"application/json": TEMPLATE}}
    monkeypatch.setattr(apigateway_v1, "_deployed_gateway_responses", {"api": {"d": {"ACCESS_DENIED": response}}})
    denials.install(apigateway_v1)
    return apigateway_v1


def ask(gateway: Any, token: str) -> tuple[Any, Any]:
    headers = {"Authorization": token}
    resource = {"path": "/x", "id": "r"}
    rest = (METHOD, "GET", "/x", resource, headers, b"", {}, {}, {}, "000000000000", "us-east-1")
    found: tuple[Any, Any] = asyncio.run(gateway._authorize_request_v1("api", "prod", *rest))
    return found


def answer(gateway: Any, error: Any) -> tuple[int, Any]:
    request = {
        "api_id": "api",
        "stage": {"deploymentId": "d"},
        "stage_name": "prod",
        "headers": {},
        "query_params": {},
        "path_params": {},
        "resource_path": "/x",
        "request_id": "r-1",
    }
    status, _headers, body = gateway._gateway_error_response(error, request)
    return status, json.loads(body)


def test_each_denial_says_its_own_reason(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def invoke(_authorizer: Any, event: Any, *_: Any) -> Any:
        token = event["headers"]["Authorization"]
        asked.append(token)
        effect = "Allow" if token == "good" else "Deny"
        statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": ARN}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        return {
            "body": {"principalId": "p", "policyDocument": policy, "context": {"problem": token, "reason": token * 2}}
        }

    monkeypatch.setattr(gateway, "_invoke_authorizer_lambda", invoke)
    for token in ("old", "forged", "old"):
        error, context = ask(gateway, token)
        assert context is None
        assert answer(gateway, error) == (401, {"type": token, "detail": token * 2, "id": "r-1"})
    assert asked == ["old", "forged"]
    assert ask(gateway, "good") == (None, {"problem": "good", "reason": "goodgood", "principalId": "p"})


def test_another_error_has_no_words_of_the_authorizer(gateway: Any) -> None:
    assert answer(gateway, gateway._gw_error("ACCESS_DENIED", "no"))[1]["type"] == "$context.authorizer.problem"


def test_another_ministack_is_refused() -> None:
    with pytest.raises(EmulatorChangedError):
        denials.install(object())
