"""What is read while a function runs, and again after five minutes: parameters and signing keys.

Actions: ``ssm:GetParameter`` on the parameters, ``secretsmanager:GetSecretValue`` on the two secrets. A secret is a
JSON object in which ``active`` names a key and every other field is one::

    {"active": "k2", "k1": "<64 random characters>", "k2": "<64 random characters>"}

Flat, because that is what CloudFormation can generate. To rotate: add a key, wait until every process has read
it (``KEPT``), make it active, remove the old one when its last token has expired.
"""

import json
from datetime import datetime, timedelta
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from lambdas.adapters.aws.clients import translate_errors
from lambdas.domain.errors import NotFoundError
from lambdas.domain.models.access import KeySet
from lambdas.ports.stores import Clock
from lambdas.settings import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient


KEPT = timedelta(minutes=5)
"""How long a process uses a value before it reads it again."""


class Parameters:
    def __init__(self, client: "SSMClient") -> None:
        self._client = client
        self._read: dict[str, tuple[str, float]] = {}

    @translate_errors()
    def text(self, name: str) -> str:
        """The parameter's value, at most five minutes old. Raises ``NotFoundError`` for an empty one."""
        value, until = self._read.get(name, ("", 0.0))
        if not value or until <= monotonic():
            value = self._client.get_parameter(Name=name)["Parameter"]["Value"]
            self._read[name] = value, monotonic() + KEPT.total_seconds()
        if not value:
            raise NotFoundError(f"the parameter {name} is empty")
        return value


class _Read(NamedTuple):
    keys: KeySet
    until: datetime


class SecretKeys:
    """A secret is read when it is first used, so a function that needs one kind of key needs access to one secret
    only."""

    def __init__(
        self, client: "SecretsManagerClient", clock: Clock, *, approval_secret: str = "", api_secret: str = ""
    ) -> None:
        self._client = client
        self._clock = clock
        self._approval_secret = approval_secret
        self._api_secret = api_secret
        self._read: dict[str, _Read] = {}
        self._lock = Lock()

    def approval(self) -> KeySet:
        return self._keys(self._approval_secret)

    def api(self) -> KeySet:
        return self._keys(self._api_secret)

    def _keys(self, secret_id: str) -> KeySet:
        now = self._clock.now()
        with self._lock:
            read = self._read.get(secret_id)
            if read is None or read.until <= now:
                read = self._read[secret_id] = _Read(self._fetch(secret_id), now + KEPT)
            return read.keys

    @translate_errors()
    def _fetch(self, secret_id: str) -> KeySet:
        return parse_key_set(self._client.get_secret_value(SecretId=secret_id)["SecretString"])


def parse_key_set(secret: str) -> KeySet:
    """Raises ``SettingsError``, without any part of the secret, if it does not have the form above."""
    malformed = 'a signing secret is not of the form {"active": kid, kid: key of 32 characters or more}'
    try:
        fields = json.loads(secret)
    except ValueError:
        raise SettingsError(malformed) from None
    if not isinstance(fields, dict):
        raise SettingsError(malformed)
    active = fields.pop("active", None)
    try:
        keys = KeySet.model_validate({"active": active, "keys": fields})
    except ValueError:
        raise SettingsError(malformed) from None
    if keys.active not in keys.keys:
        raise SettingsError("a signing secret names an active key that it does not hold")
    return keys
