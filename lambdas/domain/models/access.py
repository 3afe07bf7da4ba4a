"""The caller of the API, and the keys that tokens are signed with."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, SecretStr

from lambdas.domain.ids import TenantIdField
from lambdas.domain.models.base import Model

_MIN_KEY_BYTES = 32
"""RFC 7518 section 3.2: an HS256 key is at least as long as the hash."""


class KeySet(Model):
    """Signing keys by ``kid``; new tokens are signed with ``active``, all of them are accepted."""

    active: str
    keys: dict[str, Annotated[SecretStr, Field(min_length=_MIN_KEY_BYTES)]]


class Role(StrEnum):
    MANAGER = "manager"
    VIEWER = "viewer"


class Caller(Model):
    """The caller of the API."""

    tenant_id: TenantIdField
    role: Role
    subject: str
