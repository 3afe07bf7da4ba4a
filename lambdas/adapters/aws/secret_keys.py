"""Signing keys in Secrets Manager. Action on the two secrets: ``secretsmanager:GetSecretValue``.

A secret is a JSON object in which ``active`` names a key and every other field is one::

    {"active": "k2", "k1": "<64 random characters>", "k2": "<64 random characters>"}

Flat, because that is what CloudFormation can generate. To rotate: add a key, wait until every process has read
it (``KEPT``), make it active, remove the old one when its last token has expired.
"""

import json
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from lambdas.adapters.aws.clients import translate_errors
from lambdas.domain.models.access import KeySet
from lambdas.ports.stores import Clock
from lambdas.settings import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

KEPT = timedelta(minutes=5)
"""How long a process goes on with the keys it has read."""


class _Read(NamedTuple):
    keys: KeySet
    until: datetime


class SecretKeys:
    """A secret is fetched when it is first asked for: a function that needs one kind needs access to one secret."""

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
    """Raises ``SettingsError``, without a word of the secret, for one that is not in the form above."""
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
