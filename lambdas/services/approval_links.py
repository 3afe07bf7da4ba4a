"""Reviewers' links: making them, and checking whose link it is and which request it opens."""

import hashlib
import re
from datetime import datetime
from hmac import compare_digest
from typing import NamedTuple
from urllib.parse import urlencode

from lambdas.domain.errors import CampaignError, GoneError, InvalidTokenError, NotFoundError
from lambdas.domain.ids import CallbackId, CampaignKey
from lambdas.domain.models.access import KeySet
from lambdas.domain.models.approval import Approval, Reviewer
from lambdas.ports.bundle import Ports
from lambdas.ports.services import SecurityLog
from lambdas.ports.stores import ApprovalStore
from lambdas.services.tokens import ApprovalClaims, sign_approval_token, verify_approval_token

_NONCE = re.compile(r"[0-9a-f]{32}")


def nonce_hash(nonce: str) -> str:
    """The hash of a nonce: it is stored in the record, and is the token's ``jti``."""
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


class OpenLink(NamedTuple):
    """A valid link: its request, and the reviewer it was mailed to."""

    approval: Approval
    reviewer: Reviewer

    @property
    def key(self) -> CampaignKey:
        return self.approval.key


def open_link(token: str, nonce: str, callback_id: str, ports: Ports) -> OpenLink:
    """The request behind ``/approve/{callbackId}?token=…&nonce=…``, decided or not.

    Raises ``InvalidTokenError`` for an invalid link (``TokenExpiredError`` if it was valid once), and ``NotFoundError``
    if the request no longer exists. Every refusal is logged as a security event.
    """
    try:
        claims = verify_approval_token(ports.keys.approval(), token, now=ports.clock.now())
        if not _NONCE.fullmatch(nonce) or not _same(nonce_hash(nonce), claims.jti):
            raise InvalidTokenError("the nonce does not belong to the token")
        return _opened(claims, callback_id, ports.approvals)
    except CampaignError as error:
        _report(error, callback_id, ports.log)
        raise


def open_token(token: str, campaign_id: str, callback_id: str, ports: Ports) -> OpenLink:
    """The same for a program that calls ``POST /campaigns/{id}/approve`` with the link's token as its bearer token."""
    try:
        claims = verify_approval_token(ports.keys.approval(), token, now=ports.clock.now())
        if claims.campaign_id != campaign_id:
            raise InvalidTokenError("the token is for another campaign")
        return _opened(claims, callback_id, ports.approvals)
    except CampaignError as error:
        _report(error, callback_id, ports.log)
        raise


def _opened(claims: ApprovalClaims, callback_id: str, approvals: ApprovalStore) -> OpenLink:
    if claims.callback_id != callback_id:
        raise InvalidTokenError("the token is for another request")
    try:
        approval = approvals.get(CampaignKey(claims.tenant_id, claims.campaign_id), claims.callback_id)
    except NotFoundError:
        raise NotFoundError("there is no such request for approval") from None
    for reviewer in approval.reviewers:
        for kept in (reviewer.nonce_hash, *reviewer.earlier_hashes):
            if _same(kept, claims.jti):
                return OpenLink(approval, reviewer)
    if any(_same(kept, claims.jti) for kept in approval.revoked_hashes):
        raise GoneError("this link was taken back", details={"reason": "revoked"})
    raise InvalidTokenError("the token belongs to no reviewer of this request")


def _same(one: str, other: str) -> bool:
    return compare_digest(one.encode(), other.encode("utf-8", "surrogatepass"))


def _report(error: CampaignError, callback_id: str, log: SecurityLog) -> None:
    # The id comes from outside, so it is only logged if it has the form of an id.
    known = callback_id if re.fullmatch(r"\w{26}", callback_id) else "malformed"
    log.event("approval_link_refused", callback_id=known, reason=error.message)
