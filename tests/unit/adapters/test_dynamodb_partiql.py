"""Statements of a batch, and what their failures mean."""

from collections.abc import Mapping, Sequence
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from lambdas.adapters.table.keys import ItemKey
from lambdas.adapters.table.partiql import Statement, Writer, statement, write_units
from lambdas.domain.errors import ConcurrentUpdateError, DependencyUnavailableError, RetryableError, ThrottledError
from lambdas.ports.table import EXISTS, NEW, AllOf, Equals, Put, Update, Write
from tests.support.partition import VirtualTimer

KEY = ItemKey("P", "S")


def insert(fields: Mapping[str, Any]) -> Statement:
    return statement("T", Put(KEY, fields, NEW))


def test_an_insert_names_every_field_and_passes_every_value() -> None:
    assert insert({"topic": "it's", "n": 1}).request == {
        "Statement": "INSERT INTO \"T\" VALUE {'PK': ?, 'SK': ?, 'topic': ?, 'n': ?}",
        "Parameters": [{"S": "P"}, {"S": "S"}, {"S": "it's"}, {"N": "1"}],
    }


def test_an_update_is_bound_to_the_version_it_read() -> None:
    assert statement("T", Update(KEY, {"status": "failed", "version": 3}, Equals("version", 2))).request == {
        "Statement": 'UPDATE "T" SET "status"=? SET "version"=? WHERE "PK"=? AND "SK"=? AND "version"=?',
        "Parameters": [{"S": "failed"}, {"N": "3"}, {"S": "P"}, {"S": "S"}, {"N": "2"}],
    }
    assert (
        statement("T", Update(KEY, {"a": True})).request["Statement"] == 'UPDATE "T" SET "a"=? WHERE "PK"=? AND "SK"=?'
    )


@pytest.mark.parametrize(
    "write",
    [
        Put(KEY, {"n": 1}),
        Put(KEY, {"n": 1}, EXISTS),
        Update(KEY, {"n": 1}, NEW),
        Update(KEY, {"n": 1}, AllOf([Equals("n", 0), EXISTS])),
        Update(KEY, {"n": 1}, Equals("claim.owner", "me")),
        Update(KEY, {"claim.owner": "me"}),
        Update(KEY, {}, add={"n": 1}),
        Update(KEY, {}, remove=["n"]),
    ],
)
def test_what_a_batch_cannot_say_is_refused_before_anything_is_sent(write: Write) -> None:
    with pytest.raises(ValueError, match="a batch"):
        statement("T", write)


def test_a_write_unit_is_a_kilobyte_begun() -> None:
    assert write_units({"text": "x" * 500}) == insert({"text": "x" * 500}).units == 1
    assert write_units({"text": "ü" * 1_100}) == insert({"text": "ü" * 1_100}).units == 3


def answers(*rounds: Sequence[str | None] | str) -> tuple[list[bool], int]:
    """Run two statements against a table with these answers, a whole refusal or a code for each statement left;
    what came of it, and how many requests were made."""
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    requests: list[Any] = []
    client.meta.events.register("before-parameter-build.dynamodb", lambda params, **_: requests.append(params))
    statements = [insert({"n": n}) for n in range(2)]
    with Stubber(client) as stub:
        for codes in rounds:
            if isinstance(codes, str):
                stub.add_client_error("batch_execute_statement", codes)
            else:
                responses = [{"Error": {"Code": code, "Message": "why"}} if code else {} for code in codes]
                stub.add_response("batch_execute_statement", {"Responses": responses})
        done = Writer(client, timer=VirtualTimer()).run(statements)
        stub.assert_no_pending_responses()
    return done, len(requests)


def test_a_refused_condition_is_an_outcome() -> None:
    assert answers([None, "ConditionalCheckFailed"]) == ([True, False], 1)
    assert answers(["DuplicateItem", None]) == ([False, True], 1)


PASSING = {
    "ThrottlingError": ThrottledError,
    "ProvisionedThroughputExceeded": ThrottledError,
    "RequestLimitExceeded": ThrottledError,
    "InternalServerError": DependencyUnavailableError,
    "TransactionConflict": ConcurrentUpdateError,
}


@pytest.mark.parametrize(("code", "meaning"), PASSING.items(), ids=PASSING)
def test_what_passes_is_sent_again_until_it_is_done_or_there_is_no_time(
    code: str, meaning: type[RetryableError]
) -> None:
    assert answers([None, code], [code], ["ConditionalCheckFailed"]) == ([True, False], 3)
    with pytest.raises(meaning):
        answers([None, code], *[[code]] * 60)


def test_a_request_that_is_refused_as_a_whole_is_sent_again() -> None:
    assert answers("ThrottlingException", [None, None]) == ([True, True], 2)
    with pytest.raises(ThrottledError):
        answers(*["ProvisionedThroughputExceededException"] * 60)


@pytest.mark.parametrize(
    "code", ["AccessDenied", "ValidationError", "ResourceNotFound", "ItemCollectionSizeLimitExceeded"]
)
def test_an_error_that_does_not_pass_fails_all_at_once(code: str) -> None:
    with pytest.raises(ClientError):
        answers([None, code])


def test_statements_go_in_requests_of_25() -> None:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    statements = [insert({"n": n}) for n in range(25)]
    sent = [statement.request for statement in statements]
    writer = Writer(client, timer=VirtualTimer())
    with Stubber(client) as stub:
        stub.add_response("batch_execute_statement", {"Responses": [{}] * 25}, {"Statements": sent})
        assert writer.run(statements) == [True] * 25
        stub.assert_no_pending_responses()
    assert writer.run([]) == []
