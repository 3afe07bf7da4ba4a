"""The two kinds of signed token: bearer tokens of the API, and the token in a reviewer's link.

Both are JWTs signed with HS256 by the key that the ``kid`` header names. The algorithm is fixed here and never taken
from the token, every claim is required, and a token of one kind is never accepted as the other.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

import jwt
from pydantic import ValidationError

from lambdas.domain.errors import InvalidTokenError, TokenExpiredError
from lambdas.domain.ids import CallbackIdField, CampaignIdField, TenantIdField
from lambdas.domain.models.access import Caller, KeySet
from lambdas.domain.models.base import Model

ModelT = TypeVar("ModelT", bound=Model)

ALGORITHM = "HS256"
ISSUER = "campaign-orchestration"
MAX_TOKEN_CHARS = 2_048


class ApprovalClaims(Model):
    """The claims of the token in a reviewer's link."""

    tenant_id: TenantIdField
    campaign_id: CampaignIdField
    callback_id: CallbackIdField
    jti: str
    """Hash of the link's nonce: without the nonce the token is useless."""


def sign_api_token(keys: KeySet, caller: Caller, *, now: datetime, expires: datetime) -> str:
    claims = {"sub": caller.subject, "tenantId": caller.tenant_id, "role": caller.role.value}
    return _sign(keys, "api", claims, now=now, expires=expires)


def verify_api_token(keys: KeySet, token: str, *, now: datetime) -> Caller:
    """Raises ``InvalidTokenError`` or ``TokenExpiredError`` for anything but a valid, unexpired API token."""
    claims = _verify(keys, "api", token, now=now, required=("sub", "tenantId", "role"))
    return _parse(Caller, {k: claims[k] for k in ("tenantId", "role")} | {"subject": claims["sub"]})


def sign_approval_token(keys: KeySet, approval: ApprovalClaims, *, now: datetime, expires: datetime) -> str:
    return _sign(keys, "approval", approval.to_wire(), now=now, expires=expires)


def verify_approval_token(keys: KeySet, token: str, *, now: datetime) -> ApprovalClaims:
    """Raises ``InvalidTokenError`` or ``TokenExpiredError`` for anything but a valid, unexpired approval token."""
    names = ("tenantId", "campaignId", "callbackId", "jti")
    claims = _verify(keys, "approval", token, now=now, required=names)
    return _parse(ApprovalClaims, {name: claims[name] for name in names})


def _sign(keys: KeySet, kind: str, claims: Mapping[str, Any], *, now: datetime, expires: datetime) -> str:
    payload = {
        **claims,
        "iss": ISSUER,
        "aud": f"{ISSUER}/{kind}",
        "type": kind,
        "iat": int(now.timestamp()),
        "exp": int(expires.timestamp()),
    }
    key = keys.keys[keys.active].get_secret_value()
    return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": keys.active})


def _verify(keys: KeySet, kind: str, token: str, *, now: datetime, required: tuple[str, ...]) -> dict[str, Any]:
    if len(token) > MAX_TOKEN_CHARS:
        raise InvalidTokenError("the token is too long")
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        if not isinstance(kid, str) or kid not in keys.keys:
            raise InvalidTokenError("the token is not signed with a key of ours")
        claims: dict[str, Any] = jwt.decode(
            token,
            keys.keys[kid].get_secret_value(),
            algorithms=[ALGORITHM],
            audience=f"{ISSUER}/{kind}",
            issuer=ISSUER,
            # The times are checked below against the injected clock.
            options={
                "require": ["exp", "iat", "iss", "aud", "type", *required],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
        _require_canonical(token)
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise InvalidTokenError("the token does not verify") from error
    if claims["type"] != kind:
        raise InvalidTokenError("the token is of another type")
    _check_times(claims, now)
    return claims


def _require_canonical(token: str) -> None:
    """Base64 has unused bits at the end of a part, so several texts decode to the same signature; accept only the
    canonical one.

    Raises ``ValueError``.
    """
    for part in token.split("."):
        decoded = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
        if base64.urlsafe_b64encode(decoded).rstrip(b"=") != part.encode():
            raise ValueError("the token is not in canonical base64")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    moment = now.astimezone(UTC).timestamp()
    if not isinstance(claims["exp"], int) or moment >= claims["exp"]:
        raise TokenExpiredError("the token has expired")
    starts = claims.get("nbf", claims["iat"])
    if not isinstance(starts, int) or moment < starts - 60:  # a minute of clock skew
        raise InvalidTokenError("the token is not valid yet")


def _parse(model: type[ModelT], data: Mapping[str, Any]) -> ModelT:
    try:
        return model.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InvalidTokenError("the token's claims are not valid") from error
