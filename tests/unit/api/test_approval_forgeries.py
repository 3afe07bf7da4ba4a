"""No token but the one that was mailed opens or decides anything."""

import base64
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from lambdas.adapters.memory import MemoryKeys
from lambdas.api.approvals.links import open_link
from lambdas.core.errors import CampaignError, UnauthenticatedError
from lambdas.core.links import approval_link
from lambdas.core.tokens import ApprovalClaims, sign_approval_token
from tests.support.waiting import OTHER_ULID, by_program, nothing_happened


def _segment(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


def _forgeries(waiting: Any) -> dict[str, tuple[str, str, str]]:
    """Name to (token, nonce, callback id): each is the real link with one thing wrong."""
    world, query = waiting.world, waiting.query()
    token, nonce, callback = query["token"], query["nonce"], waiting.approval.callback_id
    header, payload, signature = token.split(".")
    claims = jwt.decode(token, options={"verify_signature": False})
    keys = world.keys.approval()
    now, later = world.clock.now(), world.clock.now() + timedelta(hours=1)
    key = keys.keys["k1"].get_secret_value()

    def signed(claims: dict[str, Any], key: str = key, algorithm: str = "HS256", **head: Any) -> str:
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "k1", **head})

    def approval(**changes: Any) -> str:
        mine = {
            "tenant_id": "acme",
            "campaign_id": waiting.key.campaign_id,
            "callback_id": callback,
            "jti": claims["jti"],
        }
        return sign_approval_token(keys, ApprovalClaims(**(mine | changes)), now=now, expires=later)

    nones = [f"{_segment({'alg': alg, 'kid': 'k1'})}.{payload}." for alg in ("none", "None", "NONE", "nOnE")]
    made = {f"alg none {n}": (t, nonce, callback) for n, t in enumerate(nones)}
    tokens = {
        "empty": "",
        "truncated signature": token[:-4],
        "no signature": f"{header}.{payload}.",
        "two parts": f"{header}.{payload}",
        "four parts": f"{token}.x",
        "swapped payload": f"{header}.{_segment(claims | {'campaignId': OTHER_ULID})}.{signature}",
        "another algorithm of ours": signed(claims, algorithm="HS512", key=key * 2),
        "another algorithm": f"{_segment({'alg': 'RS256', 'kid': 'k1'})}.{payload}.{signature}",
        "unknown kid": signed(claims, kid="k9"),
        "kid is a path": signed(claims, kid="../../dev/null"),
        "kid of the api keys": signed(claims, key=world.keys.api().keys["k1"].get_secret_value()),
        "foreign key": signed(claims, key="x" * 40),
        "no kid": jwt.encode(claims, key, algorithm="HS256"),
        "other type": signed(claims | {"type": "api"}),
        "other audience": signed(claims | {"aud": "campaign-orchestration/api"}),
        "list of audiences": signed(claims | {"aud": []}),
        "other issuer": signed(claims | {"iss": "somebody"}),
        "expired": signed(claims | {"exp": int(now.timestamp())}),
        "exp is text": signed(claims | {"exp": "never"}),
        "exp is infinite": signed(claims | {"exp": 1e300}),
        "not yet valid": signed(claims | {"iat": int(later.timestamp())}),
        "nbf in the future": signed(claims | {"nbf": int(later.timestamp())}),
        "other tenant": approval(tenant_id="globex"),
        "other campaign": approval(campaign_id=OTHER_ULID),
        "other callback": approval(callback_id=OTHER_ULID),
        "nobody's jti": approval(jti="0" * 64),
        "oversized": token + "A" * 2_048,
        "nested": "eyJ" + "W1tb" * 500 + "..",
        "unicode digits": token.replace("1", "１"),
        "zero width space": token[:10] + "\u200b" + token[10:],
        "lone surrogate": "\ud800" + token,
        "null byte": token + "\x00",
        "cyrillic homoglyph": token.replace("e", "е", 1),
        "spaces": f" {token}",
    }
    tokens |= {f"without {name}": signed({k: v for k, v in claims.items() if k != name}) for name in claims}
    tokens |= {f"{name} is null": signed(claims | {name: None}) for name in claims if name not in ("exp", "iat", "iss")}
    made |= {name: (forged, nonce, callback) for name, forged in tokens.items()}
    made |= {f"cut after {n}": (token[:n], nonce, callback) for n in range(0, len(token), 4)}
    for index in range(len(token)):
        other = chr(ord(token[index]) ^ 1)
        made[f"character {index}"] = (token[:index] + other + token[index + 1 :], nonce, callback)
    grace = waiting.query("grace@example.com")
    nonces = {"empty": "", "upper": nonce.upper(), "short": nonce[:-1], "long": f"{nonce}0", "other": grace["nonce"]}
    nonces |= {"surrogate": "\ud800", "unicode": "１" * 32, "null": "\x00"}
    made |= {f"nonce {name}": (token, forged, callback) for name, forged in nonces.items()}
    made |= {f"callback {name!r}": (token, nonce, name) for name in (OTHER_ULID, "x", "..", "ü", callback.lower())}
    return made


def test_no_forgery_opens_or_decides_anything(waiting):
    forgeries = _forgeries(waiting)
    assert len(forgeries) >= 300
    for name, (token, nonce, callback) in forgeries.items():
        for method, body in (("GET", None), ("HEAD", None), ("POST", "decision=approved")):
            query = {"token": token, "nonce": nonce}
            reply = waiting.world.call(method, f"/approve/{callback}", body, tenant=None, query=query)
            assert reply.status in (401, 404), (name, method, reply.status)
            assert "Spring launch" not in reply.text, name
    nothing_happened(waiting)
    assert waiting.world.log.errors == []
    refused = [fields for event, fields in waiting.world.log.events if event == "approval_link_refused"]
    assert len(refused) > 800
    secrets = (waiting.query()["token"], waiting.query()["nonce"])
    assert not any(secret in value for fields in refused for value in fields.values() for secret in secrets)


def test_no_forgery_gets_through_the_api(waiting):
    for name, (token, _, callback) in _forgeries(waiting).items():
        if name.startswith("nonce") or not token.isprintable() or " " in token:
            continue
        reply = by_program(waiting, token, callbackId=callback)
        assert reply.status in (401, 404, 422), (name, reply.status)
    nothing_happened(waiting)


def test_a_link_of_before_a_rotation_holds_until_its_key_is_gone(waiting):
    old = waiting.world.keys.approval()
    fresh = old.keys["k1"].get_secret_value()[::-1]
    rotated = old.model_validate({"active": "k2", "keys": {"k1": old.keys["k1"].get_secret_value(), "k2": fresh}})
    gone = old.model_validate({"active": "k2", "keys": {"k2": fresh}})
    query, ports = waiting.query(), waiting.world.link_ports

    both = ports._replace(keys=MemoryKeys(approval=rotated))
    assert open_link(query["token"], query["nonce"], waiting.approval.callback_id, both).approval == waiting.approval
    only = ports._replace(keys=MemoryKeys(approval=gone))
    with pytest.raises(UnauthenticatedError):
        open_link(query["token"], query["nonce"], waiting.approval.callback_id, only)


def test_a_link_from_a_request_that_is_not_there_is_a_404(waiting):
    now = waiting.world.clock.now()
    nonce = "ab" * 16
    link = approval_link(
        "https://x",
        waiting.world.keys.approval(),
        waiting.key,
        type(waiting.approval.callback_id)(OTHER_ULID),
        nonce,
        now=now,
        expires=now + timedelta(hours=1),
    )
    token = link.split("token=")[1].split("&")[0]
    with pytest.raises(CampaignError) as refusal:
        open_link(token, nonce, OTHER_ULID, waiting.world.link_ports)
    assert refusal.value.status == 404
