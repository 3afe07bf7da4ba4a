"""The composition roots, put together and called as Lambda calls them, on moto."""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.adapters.aws import clients as aws
from lambdas.adapters.system import SystemClock
from lambdas.adapters.telemetry import logger
from lambdas.api.authorizer import handler as authorizer
from lambdas.api.build_campaign import handler as build_campaign
from lambdas.api.rest import handler as rest
from lambdas.domain.errors import InvalidInputError
from lambdas.domain.models.access import Caller, Role
from lambdas.services.tokens import sign_api_token
from lambdas.settings import settings
from tests.fakes import MemoryKeys

ROLE = "arn:aws:iam::123456789012:role/states"
MACHINE = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}


class CurrentStdout:
    """Where printing goes now."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        boto3.client("dynamodb").create_table(
            TableName="MarketingTable",
            KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("PK", "SK")],
            BillingMode="PAY_PER_REQUEST",
        )
        machine = boto3.client("stepfunctions").create_state_machine(
            name="Build", definition=json.dumps(MACHINE), roleArn=ROLE
        )
        secrets = boto3.client("secretsmanager")
        for kind, keys in (("api", MemoryKeys().api()), ("approval", MemoryKeys().approval())):
            secret = {"active": keys.active, **{kid: key.get_secret_value() for kid, key in keys.keys.items()}}
            secrets.create_secret(Name=kind, SecretString=json.dumps(secret))
        monkeypatch.setenv("TABLE_NAME", "MarketingTable")
        monkeypatch.setenv("BUILD_STATE_MACHINE_ARN", machine["stateMachineArn"])
        monkeypatch.setenv("API_KEYS_SECRET", "api")
        monkeypatch.setenv("APPROVAL_KEYS_SECRET", "approval")
        _forget()
        # The process's logger keeps the stream it first saw, which was another test's.
        monkeypatch.setattr(logger().registered_handler, "stream", CurrentStdout())
        yield
        _forget()


def _forget() -> None:
    for cached in (settings, aws._make, authorizer._keys, build_campaign._intake, rest._api, rest._parameters):
        cached.cache_clear()


def _request(method: str, path: str, policy: dict[str, Any], body: object = None) -> dict[str, Any]:
    event = {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"X-Correlation-Id": "from-the-caller"},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"stage": "prod", "path": f"/prod{path}", "authorizer": policy["context"]},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
    return rest.handler(event, SimpleNamespace())


def _let_in() -> dict[str, Any]:
    now = SystemClock().now()
    caller = Caller(tenant_id="acme", role=Role.MANAGER, subject="robin")
    token = sign_api_token(MemoryKeys().api(), caller, now=now, expires=now + timedelta(minutes=5))
    event = {
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:us-east-1:123456789012:abc/prod/GET/campaigns",
        "headers": {"Authorization": f"Bearer {token}"},
    }
    return authorizer.handler(event, None)


def test_from_token_to_a_started_campaign(deployed, make_brief, capsys):
    policy = _let_in()
    brand = {"name": "N", "tone": ["warm"], "voice": "V"}
    persona = {"name": "M", "role": "R", "style": "S", "examples": ["E"]}
    assert _request("PUT", "/brands/northwind", policy, brand)["statusCode"] == 200
    assert _request("PUT", "/personas/mara", policy, persona)["statusCode"] == 200

    year = SystemClock().now().year + 1
    window = {"timeZone": "Europe/Berlin", "start": f"{year}-03-02T09:00:00", "end": f"{year}-03-15T18:00:00"}
    brief = make_brief(campaignId="01JZ0000000000000000000001", schedule=window)
    started = _request("POST", "/campaigns", policy, brief)
    again = build_campaign.handler(
        {"tenantId": "acme", "campaign": brief},
        SimpleNamespace(aws_request_id="request-1"),
    )

    assert started["statusCode"] == 202
    answer = json.loads(started["body"])
    assert again["executionArn"] == answer["executionArn"]
    [execution] = boto3.client("stepfunctions").list_executions(
        stateMachineArn=answer["executionArn"].replace(":execution:", ":stateMachine:").rsplit(":", 1)[0]
    )["executions"]
    assert execution["executionArn"] == answer["executionArn"]
    found = _request("GET", f"/campaigns/{answer['campaignId']}", policy)
    assert json.loads(found["body"])["executionArn"] == answer["executionArn"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    served = [line for line in lines if line["message"] == "request served"]
    assert [line["status"] for line in served] == [200, 200, 202, 200]
    assert {line["correlation_id"] for line in served} == {"from-the-caller"}


def test_the_direct_function_raises_so_that_the_event_is_kept(deployed, make_brief, capsys):
    with pytest.raises(InvalidInputError, match="postCount"):
        build_campaign.handler(
            {"tenantId": "acme", "campaign": make_brief(postCount=10_001)}, SimpleNamespace(aws_request_id="request-2")
        )
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["message"], line["error"]) == ("campaign refused", "INVALID_INPUT")


def test_a_bad_token_is_reported_and_not_logged(deployed, capsys):
    event = {"methodArn": "arn:aws:execute-api:r:a:abc/prod/GET/x", "headers": {"Authorization": "Bearer eyJa.eyJb.c"}}
    policy = authorizer.handler(event, None)
    assert policy["policyDocument"]["Statement"][0]["Effect"] == "Deny"
    out = capsys.readouterr().out
    assert "api_token_refused" in out
    assert "eyJ" not in out
