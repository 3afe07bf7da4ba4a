import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from pydantic import ValidationError

from lambdas.domain.errors import TokenExpiredError, UnauthenticatedError
from lambdas.domain.ids import CallbackId, CampaignId, TenantId
from lambdas.domain.models.access import Caller, KeySet, Role
from lambdas.services.tokens import (
    ISSUER,
    MAX_TOKEN_CHARS,
    ApprovalClaims,
    sign_api_token,
    sign_approval_token,
    verify_api_token,
    verify_approval_token,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
OLD, NEW, STRANGE = "o" * 32, "n" * 32, "s" * 32
KEYS = KeySet.model_validate({"active": "new", "keys": {"old": OLD, "new": NEW}})
CALLER = Caller(tenant_id=TenantId("acme"), role=Role.MANAGER, subject="mia@acme.example")
APPROVAL = ApprovalClaims(
    tenant_id=TenantId("acme"),
    campaign_id=CampaignId("01J9ZQ4X5N8M2K7T3V6W9Y1B4D"),
    callback_id=CallbackId("01J9ZQ4X5N8M2K7T3V6W9Y1B4E"),
    jti="a" * 64,
)
API: dict[str, Any] = {
    "sub": "mia",
    "tenantId": "acme",
    "role": "manager",
    "iss": ISSUER,
    "aud": f"{ISSUER}/api",
    "type": "api",
    "iat": int(NOW.timestamp()),
    "exp": int(LATER.timestamp()),
}


def forged(key: Any = NEW, *, kid: Any = "new", algorithm: str = "HS256", **changes: Any) -> str:
    """A token with the right shape but for the changes; ``...`` removes a claim."""
    claims = {name: value for name, value in (API | changes).items() if value is not ...}
    headers = {} if kid is ... else {"kid": kid}
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)


def unsigned(header: dict[str, Any]) -> str:
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, API)]
    return ".".join([*parts, ""])


def test_an_api_token_comes_back_as_it_went() -> None:
    token = sign_api_token(KEYS, CALLER, now=NOW, expires=LATER)
    assert verify_api_token(KEYS, token, now=NOW) == CALLER
    assert verify_api_token(KEYS, forged(), now=NOW).subject == "mia"


def test_an_approval_token_comes_back_as_it_went() -> None:
    token = sign_approval_token(KEYS, APPROVAL, now=NOW, expires=LATER)
    assert verify_approval_token(KEYS, token, now=NOW) == APPROVAL


def test_a_token_fits_into_the_longest_we_accept() -> None:
    token = sign_approval_token(KEYS, APPROVAL, now=NOW, expires=LATER)
    assert len(token) < MAX_TOKEN_CHARS / 2


def test_a_token_signed_before_the_rotation_still_verifies_until_its_key_goes() -> None:
    before = KeySet.model_validate({"active": "old", "keys": {"old": OLD}})
    token = sign_api_token(before, CALLER, now=NOW, expires=LATER)
    assert verify_api_token(KEYS, token, now=NOW) == CALLER
    with pytest.raises(UnauthenticatedError):
        verify_api_token(KeySet.model_validate({"active": "new", "keys": {"new": NEW}}), token, now=NOW)


def test_new_tokens_are_signed_with_the_active_key() -> None:
    token = sign_api_token(KEYS, CALLER, now=NOW, expires=LATER)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": "new"}


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: "", id="empty"),
        pytest.param(lambda: "not a token", id="no-token"),
        pytest.param(lambda: "a.b.c", id="no-json"),
        pytest.param(lambda: "é" * 20, id="not-ascii"),
        pytest.param(lambda: "x" * (MAX_TOKEN_CHARS + 1), id="too-long"),
        pytest.param(lambda: forged() + "x", id="signature-changed"),
        pytest.param(lambda: forged(STRANGE), id="signed-by-somebody-else"),
        pytest.param(lambda: forged(kid="unknown"), id="unknown-key"),
        pytest.param(lambda: forged(kid=...), id="no-key-named"),
        pytest.param(lambda: forged(kid="old"), id="another-key-named"),
        pytest.param(lambda: forged(NEW, algorithm="HS384"), id="another-algorithm"),
        pytest.param(lambda: forged(None, algorithm="none"), id="no-algorithm"),
        pytest.param(lambda: unsigned({"alg": "none", "kid": "new"}), id="unsigned"),
        pytest.param(lambda: unsigned({"alg": "HS256", "kid": ["new"]}), id="key-name-is-a-list"),
        pytest.param(lambda: forged(iss="somebody"), id="issuer"),
        pytest.param(lambda: forged(aud="somebody"), id="audience"),
        pytest.param(lambda: forged(aud=f"{ISSUER}/approval"), id="audience-of-the-other-kind"),
        pytest.param(lambda: forged(type="approval"), id="type"),
        pytest.param(lambda: forged(exp="never"), id="expiry-is-no-number"),
        pytest.param(lambda: forged(iat=int(LATER.timestamp())), id="from-the-future"),
        pytest.param(lambda: forged(nbf=int(LATER.timestamp())), id="not-yet"),
        pytest.param(lambda: forged(nbf="soon"), id="not-before-is-no-number"),
        pytest.param(lambda: forged(tenantId="Not A Tenant"), id="tenant"),
        pytest.param(lambda: forged(tenantId=["acme"]), id="tenant-is-a-list"),
        pytest.param(lambda: forged(role="root"), id="role"),
        *(
            pytest.param(lambda name=name: forged(**{name: ...}), id=f"without-{name}")
            for name in ("sub", "tenantId", "role", "iss", "aud", "type", "iat", "exp")
        ),
    ],
)
def test_refused(make: Callable[[], str]) -> None:
    with pytest.raises(UnauthenticatedError):
        verify_api_token(KEYS, make(), now=NOW)


def test_one_kind_never_passes_for_the_other() -> None:
    api = sign_api_token(KEYS, CALLER, now=NOW, expires=LATER)
    approval = sign_approval_token(KEYS, APPROVAL, now=NOW, expires=LATER)
    with pytest.raises(UnauthenticatedError):
        verify_approval_token(KEYS, api, now=NOW)
    with pytest.raises(UnauthenticatedError):
        verify_api_token(KEYS, approval, now=NOW)
    # Not even with the claims of both.
    both = forged(**APPROVAL.to_wire())
    with pytest.raises(UnauthenticatedError):
        verify_approval_token(KEYS, both, now=NOW)


@pytest.mark.parametrize("claim", ["tenantId", "campaignId", "callbackId", "jti"])
def test_an_approval_token_needs_every_claim(claim: str) -> None:
    claims = {**APPROVAL.to_wire(), "aud": f"{ISSUER}/approval", "type": "approval"}
    verify_approval_token(KEYS, forged(**claims), now=NOW)
    with pytest.raises(UnauthenticatedError):
        verify_approval_token(KEYS, forged(**claims | {claim: ...}), now=NOW)


def test_expiry_is_told_apart_and_is_exact() -> None:
    token = sign_api_token(KEYS, CALLER, now=NOW, expires=LATER)
    verify_api_token(KEYS, token, now=LATER - timedelta(seconds=1))
    with pytest.raises(TokenExpiredError):
        verify_api_token(KEYS, token, now=LATER)


def test_a_minute_of_clock_skew_is_forgiven() -> None:
    token = sign_api_token(KEYS, CALLER, now=NOW, expires=LATER)
    verify_api_token(KEYS, token, now=NOW - timedelta(seconds=60))
    with pytest.raises(UnauthenticatedError):
        verify_api_token(KEYS, token, now=NOW - timedelta(seconds=61))


def test_a_short_key_is_refused_and_keys_are_not_printed() -> None:
    with pytest.raises(ValidationError):
        KeySet.model_validate({"active": "a", "keys": {"a": "k" * 31}})
    assert NEW not in repr(KEYS)
