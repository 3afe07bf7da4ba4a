"""Encryption with KMS. Actions on the key: ``kms:Encrypt`` (seal), ``kms:Decrypt`` (open).

KMS itself encrypts up to 4,096 bytes, which a task token (at most 2,048 characters) never exceeds. So there is no data
key to manage: one request to encrypt, one to decrypt.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.domain.errors import PermanentError

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient

_SEALED = "kms:"


class KmsCipher:
    """``key_id`` is needed for encryption only."""

    def __init__(self, client: "KMSClient", key_id: str = "") -> None:
        self._client = client
        self._key_id = key_id

    @translate_errors()
    def seal(self, text: str, context: Mapping[str, str]) -> str:
        sealed = self._client.encrypt(KeyId=self._key_id, Plaintext=text.encode(), EncryptionContext=context)
        return _SEALED + base64.b64encode(sealed["CiphertextBlob"]).decode()

    @translate_errors()
    def open(self, sealed: str, context: Mapping[str, str]) -> str:
        if not sealed.startswith(_SEALED):
            return sealed
        blob = base64.b64decode(sealed.removeprefix(_SEALED))
        try:
            return self._client.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"].decode()
        except ClientError as error:
            if error_code(error) != "InvalidCiphertextException":
                raise
            raise PermanentError("what was sealed belongs somewhere else") from error
