"""Batches of PartiQL statements: one round trip, and for every statement its own condition and outcome."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws import translate_errors
from lambdas.adapters.dynamodb_items import to_attribute
from lambdas.adapters.dynamodb_keys import PK, SK, ItemKey
from lambdas.adapters.dynamodb_table import chunks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import BatchStatementRequestTypeDef

STATEMENTS_PER_REQUEST = 25
"""BatchExecuteStatement (2026-06, docs.aws.amazon.com/amazondynamodb/latest/APIReference)."""

_REQUESTS_AT_ONCE = 8
"""Enough to plan 10,000 posts in seconds, well under the client's pool of connections."""

_REFUSED = frozenset({"ConditionalCheckFailed", "DuplicateItem"})


def insert(table: str, key: ItemKey, fields: Mapping[str, Any]) -> "BatchStatementRequestTypeDef":
    """Fails with ``DuplicateItem`` when there is an item with that key."""
    everything = {PK: key.pk, SK: key.sk, **fields}
    # Only names of our own models get into the text; values are parameters.
    names = ", ".join(f"'{name}': ?" for name in everything)
    parameters = [to_attribute(value) for value in everything.values()]
    return {"Statement": f'INSERT INTO "{table}" VALUE {{{names}}}', "Parameters": parameters}


def update(
    table: str, key: ItemKey, fields: Mapping[str, Any], *, version: int | None = None
) -> "BatchStatementRequestTypeDef":
    """Fails with ``ConditionalCheckFailed`` when there is no such item, or its ``version`` is another."""
    sets = " ".join(f'SET "{name}"=?' for name in fields)
    where = {PK: key.pk, SK: key.sk} | ({} if version is None else {"version": version})
    conditions = " AND ".join(f'"{name}"=?' for name in where)
    parameters = [to_attribute(value) for value in [*fields.values(), *where.values()]]
    return {"Statement": f'UPDATE "{table}" {sets} WHERE {conditions}', "Parameters": parameters}


@translate_errors()
def execute(client: "DynamoDBClient", statements: Sequence["BatchStatementRequestTypeDef"]) -> list[bool]:
    """Run up to 25 statements; answers for each whether it was done or refused by its condition.

    Any other failure of a single statement fails the whole call: the caller repeats it, conditions and all.
    """
    done = []
    for response in client.batch_execute_statement(Statements=statements)["Responses"]:
        code = response.get("Error", {}).get("Code")
        if code and code not in _REFUSED:
            raise ClientError({"Error": {"Code": code, "Message": response["Error"].get("Message", "")}}, "Statement")
        done.append(code is None)
    return done


def insert_all(client: "DynamoDBClient", statements: Sequence["BatchStatementRequestTypeDef"]) -> None:
    """Run any number of inserts, several requests at a time; those that exist already stay as they are."""
    with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
        for _ in pool.map(lambda chunk: execute(client, chunk), chunks(statements, STATEMENTS_PER_REQUEST)):
            pass  # waits, and raises what a request raised
