"""The authorizer: a good token in, a policy for its tenant out; a bad one is denied with the reason."""

import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from lambdas.api.authorizer import authorize
from lambdas.domain.models.access import Caller, Role
from lambdas.services.tokens import sign_api_token, sign_approval_token

ARN = "arn:aws:execute-api:us-east-1:123456789012:abc123/prod/POST/campaigns/01J/approve"


def _token(world: Any, *, hours: float = 1, role: Role = Role.MANAGER) -> str:
    now = world.clock.now()
    caller = Caller(tenant_id="acme", role=role, subject="robin")
    return sign_api_token(world.keys.api(), caller, now=now, expires=now + timedelta(hours=hours))


def _ask(world: Any, event: dict[str, Any]) -> dict[str, Any]:
    return authorize({"methodArn": ARN, **event}, world.keys.api(), now=world.clock.now(), log=world.log)


@pytest.mark.parametrize("form", ["request", "request lower case", "token"])
def test_a_good_token_is_let_into_the_whole_stage(world, form):
    bearer = f"Bearer {_token(world, role=Role.VIEWER)}"
    events = {
        "request": {"type": "REQUEST", "headers": {"Authorization": bearer}},
        "request lower case": {"type": "REQUEST", "headers": {"authorization": bearer}},
        "token": {"type": "TOKEN", "authorizationToken": bearer},
    }
    policy = _ask(world, events[form])

    assert policy["context"] == {"tenantId": "acme", "role": "viewer", "subject": "robin"}
    assert policy["policyDocument"]["Statement"] == [
        {
            "Action": "execute-api:Invoke",
            "Effect": "Allow",
            "Resource": "arn:aws:execute-api:us-east-1:123456789012:abc123/prod/*",
        }
    ]
    assert world.log.events == []


def _bad_headers(world: Any) -> dict[str, Any]:
    good = _token(world)
    now = world.clock.now()
    approval = {
        "tenant_id": "acme",
        "campaign_id": "01JZ0000000000000000000001",
        "callback_id": "01JZ0000000000000000000002",
        "jti": "x",
    }
    from lambdas.services.tokens import ApprovalClaims

    mixed = sign_approval_token(
        world.keys.approval(), ApprovalClaims(**approval), now=now, expires=now + timedelta(hours=1)
    )
    claims = jwt.decode(good, options={"verify_signature": False})
    key = world.keys.api().keys["k1"].get_secret_value()
    signed = {
        "unknown role": claims | {"role": "owner"},
        "bad tenant": claims | {"tenantId": "../acme"},
        "no tenant": {k: v for k, v in claims.items() if k != "tenantId"},
    }
    return {
        "missing": None,
        "empty": "",
        "no scheme": good,
        "basic": f"Basic {good}",
        "two tokens": f"Bearer {good} {good}",
        "expired": f"Bearer {_token(world, hours=-1)}",
        "truncated": f"Bearer {good[:-2]}",
        "approval token": f"Bearer {mixed}",
        "unsigned": f"Bearer {jwt.encode(claims, '', algorithm='none', headers={'kid': 'k1'})}",
        "not text": 7,
    } | {
        name: f"Bearer {jwt.encode(wrong, key, algorithm='HS256', headers={'kid': 'k1'})}"
        for name, wrong in signed.items()
    }


NOTHING_SENT = {"missing", "empty", "no scheme", "basic", "two tokens", "not text"}
REASONS = {
    "expired": "the token has expired",
    "unknown role": "the token's claims are not valid",
    "bad tenant": "the token's claims are not valid",
}


def test_anything_else_is_denied_with_the_reason_and_reported_without_the_token(world):
    for name, header in _bad_headers(world).items():
        world.log.events.clear()
        if name in NOTHING_SENT:
            continue
        headers = {"Authorization": header}
        policy = _ask(world, {"type": "REQUEST", "headers": headers, "requestContext": {"requestId": "r-1"}})
        (statement,) = policy["policyDocument"]["Statement"]
        assert (statement["Effect"], statement["Resource"].rsplit("/", 1)[1]) == ("Deny", "*"), name
        reason = REASONS.get(name, "the token does not verify")
        kind = "token-expired" if name == "expired" else "invalid-token"
        problem = f"urn:campaign-orchestration:problem:{kind}"
        assert policy["context"] == {"problem": problem, "reason": reason}, name
        # It goes into a template that computes nothing.
        assert json.loads(f'"{reason}"') == reason
        [(event, fields)] = world.log.events
        assert (event, fields["request_id"]) == ("api_token_refused", "r-1"), name
        assert "eyJ" not in str(fields) + str(policy), name


@pytest.mark.parametrize("name", [*sorted(NOTHING_SENT), "no headers"])
def test_whoever_sends_no_bearer_token_gets_the_gateways_own_answer_to_that(world, name):
    header = _bad_headers(world).get(name)
    headers = None if name == "no headers" else {} if header is None else {"Authorization": header}
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        _ask(world, {"type": "REQUEST", "headers": headers, "requestContext": {"requestId": "r-1"}})
    assert world.log.events == [("api_token_refused", {"reason": "there is no bearer token", "request_id": "r-1"})]
