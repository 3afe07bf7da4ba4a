"""Signing keys as Secrets Manager holds them."""

import json
from datetime import timedelta

import boto3
import pytest
from botocore.stub import Stubber

from lambdas.adapters.aws.parameters import KEPT, SecretKeys, parse_key_set
from lambdas.settings import SettingsError
from tests.fakes import MemoryClock

OLD, NEW = "o" * 64, "n" * 64


def test_every_field_but_active_is_a_key() -> None:
    keys = parse_key_set(json.dumps({"active": "k1", "k1": NEW, "k0": OLD}))
    assert keys.active == "k1"
    assert {kid: key.get_secret_value() for kid, key in keys.keys.items()} == {"k1": NEW, "k0": OLD}


@pytest.mark.parametrize(
    "secret",
    [
        "not json " + NEW,
        json.dumps([NEW]),
        json.dumps({"k1": NEW}),
        json.dumps({"active": "k2", "k1": NEW}),
        json.dumps({"active": "k1", "k1": "n" * 31}),
        json.dumps({"active": "k1", "k1": {"key": NEW}}),
        json.dumps({"active": 1, "1": NEW}),
    ],
)
def test_refuses_other_forms_without_telling_the_secret(secret: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_key_set(secret)
    assert "nnnn" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_reads_a_secret_once_in_five_minutes_and_then_again() -> None:
    client = boto3.client("secretsmanager", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    clock = MemoryClock()
    keys = SecretKeys(client, clock, approval_secret="approval-keys")
    with Stubber(client) as stub:
        for active in ("k0", "k1"):
            text = json.dumps({"active": active, "k0": OLD, "k1": NEW})
            stub.add_response("get_secret_value", {"SecretString": text}, {"SecretId": "approval-keys"})
        assert keys.approval().active == "k0"
        clock.advance(KEPT - timedelta(seconds=1))
        assert keys.approval().active == "k0"
        clock.advance(timedelta(seconds=1))
        assert keys.approval().active == "k1"
        stub.assert_no_pending_responses()
