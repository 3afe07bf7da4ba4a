"""What is done once or left out answers what ministack's own does. Tables have a file of their own, ``test_tables``."""

import copy
import json
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.core import iam_evaluator
from ministack.services import dynamodb, stepfunctions, sts

from local.emulator import speed
from local.emulator.config import EmulatorConfig
from local.emulator.patch import Emulator

HERE = Emulator(EmulatorConfig(home=Path("/nowhere"), port=1))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
KEY = "ASIA0000000000000001"


def mutables(value: Any) -> set[int]:
    if isinstance(value, dict):
        return {id(value)}.union(*map(mutables, value.values()))
    return {id(value)}.union(*map(mutables, value)) if isinstance(value, list | set) else set()


@given(JSON)
def test_a_plain_copy_is_equal_and_shares_nothing_that_can_be_changed(value: Any) -> None:
    copied = speed.plain_copy(value)
    assert copied == value
    assert not mutables(copied) & mutables(value)


def test_what_is_not_json_is_copied_as_before() -> None:
    value = {"items": defaultdict(dict, {"a": {"SS": {"x"}}}), "when": SimpleNamespace(at=[1])}
    copied = speed.plain_copy(value)
    assert type(copied["items"]) is defaultdict
    assert copied["items"] == value["items"]
    assert copied["items"]["a"]["SS"] is not value["items"]["a"]["SS"]
    assert copied["when"].at is not value["when"].at
    used = {name for module in (dynamodb, stepfunctions) for name in vars(copy) if f"copy.{name}(" in source(module)}
    assert used <= set(vars(speed.COPIES)), "every function of copy that these services use is there"


def source(module: Any) -> str:
    return Path(module.__file__).read_text()


def test_a_policy_is_parsed_once_and_changed_text_is_another_policy() -> None:
    parse = speed.policies_are_parsed_once(iam_evaluator.parse_policy_document, HERE)
    documents = [json.dumps({"Statement": [{"Effect": effect, "Action": "s3:*"}]}) for effect in ("Allow", "Deny")]
    for document in (*documents, "no JSON", json.loads(documents[0]), None):
        assert parse(document) == iam_evaluator.parse_policy_document(document)
    assert parse(documents[0]) is parse(str(bytes(documents[0], "ascii"), "ascii"))


@pytest.mark.parametrize("kind", ["AssumedRole", "FederatedUser", "unheard of"])
@pytest.mark.parametrize("key", [KEY, "AKIAUNKNOWN000000001", "test", ""])
def test_a_caller_is_who_it_was_with_all_policies(key: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:sts::000000000000:assumed-role/role/session"
    session = {"Arn": arn, "UserId": "role:session", "SecretAccessKey": "secret", "PrincipalType": kind}
    monkeypatch.setitem(sts._sessions, KEY, session)
    headers = {"authorization": f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/s3/aws4_request"} if key else {}
    caller = speed.callers_without_their_policies(iam_evaluator.request_caller_arn, HERE)(headers)
    assert caller == iam_evaluator.request_caller_arn(headers)
    assert (caller == arn) == (key == KEY and kind != "unheard of")


def test_a_body_is_read_once_and_another_one_with_the_same_text_again() -> None:
    loads = speed.bodies_are_read_once(json, HERE).loads
    first, second = b'{"a": 1}', bytes(bytearray(b'{"a": 1}'))
    assert loads(first) is loads(first)
    assert loads(second) is not loads(first)
    assert loads(second) == {"a": 1}
    for _ in range(2):
        with pytest.raises(json.JSONDecodeError):
            loads(b"{")
