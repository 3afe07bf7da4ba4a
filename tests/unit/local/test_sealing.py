"""Conditions on the encryption context hold in the emulator: what is sealed for one request opens for it only."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from local.emulator import sealing
from local.emulator.pinned import EmulatorChangedError

CONTEXT = {"tenantId": "acme", "campaignId": "01", "callbackId": "02"}


def keys(action: str, **body: Any) -> dict[str, Any]:
    return sealing.condition_keys(f"kms:{action}", json.dumps(body).encode())


@pytest.mark.parametrize("action", ["Encrypt", "Decrypt", "GenerateDataKey"])
def test_the_context_of_a_request_becomes_condition_keys(action: str) -> None:
    found = keys(action, KeyId="k", EncryptionContext=CONTEXT)
    assert found.pop("kms:EncryptionContextKeys") == ["callbackId", "campaignId", "tenantId"]
    assert found == {f"kms:EncryptionContext:{name}": value for name, value in CONTEXT.items()}


def test_no_context_is_no_key() -> None:
    assert keys("Decrypt", KeyId="k") == {}
    assert keys("DescribeKey", KeyId="k", EncryptionContext=CONTEXT) == {}
    assert sealing.condition_keys("kms:ListKeys", b"") == {}


def test_other_services_are_left_alone_and_a_changed_emulator_is_noticed() -> None:
    iam_actions = SimpleNamespace(request_tag_context=lambda *_: {"aws:RequestTag/a": "b"})
    sealing.install(iam_actions)
    body = json.dumps({"EncryptionContext": CONTEXT}).encode()
    assert iam_actions.request_tag_context("s3", "s3:PutObject", body, {}) == {"aws:RequestTag/a": "b"}
    assert "kms:EncryptionContextKeys" in iam_actions.request_tag_context("kms", "kms:Decrypt", body, {})
    with pytest.raises(EmulatorChangedError):
        sealing.install(SimpleNamespace())
