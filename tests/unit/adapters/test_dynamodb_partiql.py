"""Statements of a batch, and what their failures mean."""

from collections.abc import Sequence

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from lambdas.adapters.dynamodb_keys import ItemKey
from lambdas.adapters.dynamodb_partiql import execute, insert, insert_all, update
from lambdas.core.errors import DependencyUnavailableError, ThrottledError

KEY = ItemKey("P", "S")


def test_an_insert_names_every_field_and_passes_every_value() -> None:
    assert insert("T", KEY, {"topic": "it's", "n": 1}) == {
        "Statement": "INSERT INTO \"T\" VALUE {'PK': ?, 'SK': ?, 'topic': ?, 'n': ?}",
        "Parameters": [{"S": "P"}, {"S": "S"}, {"S": "it's"}, {"N": "1"}],
    }


def test_an_update_is_bound_to_the_version_it_read() -> None:
    assert update("T", KEY, {"status": "failed", "version": 3}, version=2) == {
        "Statement": 'UPDATE "T" SET "status"=? SET "version"=? WHERE "PK"=? AND "SK"=? AND "version"=?',
        "Parameters": [{"S": "failed"}, {"N": "3"}, {"S": "P"}, {"S": "S"}, {"N": "2"}],
    }
    assert update("T", KEY, {"a": True})["Statement"] == 'UPDATE "T" SET "a"=? WHERE "PK"=? AND "SK"=?'


def outcome(codes: Sequence[str | None]) -> list[bool]:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    responses = [{"Error": {"Code": code, "Message": "why"}} if code else {} for code in codes]
    with Stubber(client) as stub:
        stub.add_response("batch_execute_statement", {"Responses": responses})
        return execute(client, [insert("T", KEY, {})] * len(codes))


def test_a_refused_condition_is_an_outcome() -> None:
    assert outcome([None, "ConditionalCheckFailed", "DuplicateItem", None]) == [True, False, False, True]


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("ThrottlingError", ThrottledError),
        ("ProvisionedThroughputExceeded", ThrottledError),
        ("RequestLimitExceeded", ThrottledError),
        ("InternalServerError", DependencyUnavailableError),
        ("AccessDenied", ClientError),
        ("ValidationError", ClientError),
    ],
)
def test_any_other_failure_of_one_fails_all(code: str, meaning: type[Exception]) -> None:
    with pytest.raises(meaning):
        outcome([None, code])


def test_inserts_go_in_requests_of_25() -> None:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    statements = [insert("T", KEY, {"n": n}) for n in range(25)]
    with Stubber(client) as stub:
        stub.add_response("batch_execute_statement", {"Responses": [{}] * 25}, {"Statements": statements})
        insert_all(client, statements)
        stub.assert_no_pending_responses()
        stub.add_client_error("batch_execute_statement", "ThrottlingException")
        with pytest.raises(ThrottledError):
            insert_all(client, statements)
    insert_all(client, [])
