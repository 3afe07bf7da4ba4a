"""Identifiers. Each is a ``NewType``, so that mypy reports when one is passed instead of another."""

import hashlib
from typing import Annotated, NamedTuple, NewType

from pydantic import StringConstraints
from ulid import ULID

_SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$"
_ULID = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"

_FORMS: dict[str, str] = {}


def shaped(pattern: str, form: str, *, max_length: int | None = None) -> StringConstraints:
    """Text that matches a pattern; ``form`` describes the pattern in the error message."""
    _FORMS[pattern] = form
    return StringConstraints(pattern=pattern, max_length=max_length)


def form_of(pattern: str) -> str:
    return _FORMS.get(pattern, "of another form")


TenantId = NewType("TenantId", str)
CampaignId = NewType("CampaignId", str)
PostId = NewType("PostId", str)
CallbackId = NewType("CallbackId", str)
TaskToken = NewType("TaskToken", str)
BrandId = NewType("BrandId", str)
PersonaId = NewType("PersonaId", str)
CorrelationId = NewType("CorrelationId", str)


class CampaignKey(NamedTuple):
    """A campaign is always addressed together with its tenant."""

    tenant_id: TenantId
    campaign_id: CampaignId


IDEMPOTENCY_KEY = r"[\x21-\x7e]{1,255}"
"""Visible ASCII characters."""

# The same identifiers as they are accepted from outside.
_SLUGGED = shaped(_SLUG, "1 to 63 small letters, digits and hyphens, like spring-sale")
_ULIDS = shaped(_ULID, "a ULID, 26 characters like 01JZ0000000000000000000CAM")
TenantIdField = Annotated[TenantId, _SLUGGED]
CampaignIdField = Annotated[CampaignId, _ULIDS]
PostIdField = Annotated[PostId, _ULIDS]
CallbackIdField = Annotated[CallbackId, _ULIDS]
BrandIdField = Annotated[BrandId, _SLUGGED]
PersonaIdField = Annotated[PersonaId, _SLUGGED]
IdempotencyKeyField = Annotated[str, shaped(rf"^{IDEMPOTENCY_KEY}$", "1 to 255 visible ASCII characters")]
CorrelationIdField = Annotated[
    CorrelationId, shaped(r"^[A-Za-z0-9._:=;-]{1,128}$", "1 to 128 characters out of A-Z a-z 0-9 . _ : = ; -")
]

_INDEX_BITS = 24
_RANDOM_BITS = 80


def post_id_for(campaign_id: CampaignId, index: int) -> PostId:
    """The id of the post at ``index`` (0-based) of a campaign.

    Planning twice must produce the same ids, so the id is computed: the campaign's ULID time, a hash of the campaign in
    the upper random bits, the index in the lower 24. Ids sort in plan order.
    """
    if not 0 <= index < 1 << _INDEX_BITS:
        raise ValueError(f"a post index is between 0 and {(1 << _INDEX_BITS) - 1}, not {index}")
    digest = int.from_bytes(hashlib.sha256(campaign_id.encode()).digest(), "big")
    random = ((digest >> 8) % (1 << (_RANDOM_BITS - _INDEX_BITS)) << _INDEX_BITS) | index
    time = ULID.from_str(campaign_id).bytes[:6]
    return PostId(str(ULID(time + random.to_bytes(10, "big"))))


def callback_id_for(campaign_id: CampaignId, number: int) -> CallbackId:
    """The id of a campaign's request for approval ``number``, from 0: two concurrent attempts make the same request.

    It consists of the campaign's time, the number, and a hash of the campaign; ids sort by number. They need not be
    secret, because a link is protected by its signature and nonce.
    """
    digest = hashlib.sha256(f"approval/{campaign_id}".encode()).digest()
    return CallbackId(str(ULID(ULID.from_str(campaign_id).bytes[:6] + number.to_bytes(2, "big") + digest[:8])))
