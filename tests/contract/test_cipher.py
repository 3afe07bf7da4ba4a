"""What ``Cipher`` promises, of the fake and of KMS, which is moto."""

import base64

import boto3
import pytest

from lambdas.adapters.aws.kms_cipher import KmsCipher
from lambdas.domain.errors import PermanentError
from lambdas.ports.stores import Cipher
from tests.fakes import MemoryCipher

CONTEXT = {"tenantId": "acme", "campaignId": "01KJQ0000000000000000000B1", "callbackId": "01KJQ0000000000000000000C1"}
LONGEST = "token-of-a-task-" * 128
"""Of a task token (docs.aws.amazon.com/step-functions/latest/apireference/API_SendTaskSuccess.html)."""


@pytest.fixture(params=["memory", "kms"])
def cipher(request: pytest.FixtureRequest) -> Cipher:
    if request.param == "memory":
        return MemoryCipher()
    request.getfixturevalue("moto_aws")
    client = boto3.client("kms")
    return KmsCipher(client, client.create_key()["KeyMetadata"]["KeyId"])


@pytest.mark.parametrize("text", ["task-token", "Größe 🫖", LONGEST])
def test_what_was_sealed_comes_back_with_its_own_context_only(cipher: Cipher, text: str) -> None:
    sealed = cipher.seal(text, CONTEXT)
    assert text not in sealed
    assert cipher.open(sealed, CONTEXT) == text
    assert cipher.open(sealed, dict(reversed(CONTEXT.items()))) == text
    for name in CONTEXT:
        with pytest.raises(PermanentError):
            cipher.open(sealed, CONTEXT | {name: "another"})
    with pytest.raises(PermanentError):
        cipher.open(sealed, {})


def test_what_was_never_sealed_is_as_it_was(cipher: Cipher) -> None:
    """Records of before there was sealing."""
    assert cipher.open("task-token", CONTEXT) == "task-token"


def test_a_reader_needs_no_name_of_the_key(moto_aws: None) -> None:
    client = boto3.client("kms")
    sealed = KmsCipher(client, client.create_key()["KeyMetadata"]["KeyId"]).seal("task-token", CONTEXT)
    assert KmsCipher(client).open(sealed, CONTEXT) == "task-token"


def test_what_somebody_has_tampered_with_opens_nothing(moto_aws: None) -> None:
    client = boto3.client("kms")
    cipher = KmsCipher(client, client.create_key()["KeyMetadata"]["KeyId"])
    blob = bytearray(base64.b64decode(cipher.seal("task-token", CONTEXT).removeprefix("kms:")))
    blob[-1] ^= 1
    with pytest.raises(PermanentError):
        cipher.open("kms:" + base64.b64encode(bytes(blob)).decode(), CONTEXT)
