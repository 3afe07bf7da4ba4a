"""The reviewer's link: who may open it, and how its parts hang together."""

import hashlib
from datetime import datetime
from urllib.parse import urlencode

from lambdas.domain.ids import CallbackId, CampaignKey
from lambdas.domain.models.access import KeySet
from lambdas.services.tokens import ApprovalClaims, sign_approval_token


def nonce_hash(nonce: str) -> str:
    """What is kept of a nonce, and what the token's ``jti`` says."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def approval_link(
    base_url: str,
    keys: KeySet,
    key: CampaignKey,
    callback_id: CallbackId,
    nonce: str,
    *,
    now: datetime,
    expires: datetime,
) -> str:
    """``{base}/approve/{callbackId}?token=…&nonce=…`` for one reviewer. The task token is not part of it."""
    claims = ApprovalClaims(
        tenant_id=key.tenant_id, campaign_id=key.campaign_id, callback_id=callback_id, jti=nonce_hash(nonce)
    )
    token = sign_approval_token(keys, claims, now=now, expires=expires)
    return f"{base_url.rstrip('/')}/approve/{callback_id}?{urlencode({'token': token, 'nonce': nonce})}"
