"""``Table`` on DynamoDB: consistent reads, conditional writes, transactions, and batches at the partition's rate."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.adapters.table.expressions import Terms
from lambdas.adapters.table.items import from_item, to_item, to_key
from lambdas.adapters.table.partiql import Timer, Writer, chunks, statement
from lambdas.domain.errors import ThrottledError
from lambdas.ports.bundle import Deadline
from lambdas.ports.table import (
    PK,
    SK,
    Between,
    Condition,
    ConditionFailedError,
    Delete,
    ItemKey,
    Prefix,
    Put,
    Record,
    Update,
    Write,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_KEYS_PER_READ = 100
"""BatchGetItem (2026-06, docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html)."""


class DynamoTable:
    """``deadline``: until when a throttled batch is repeated; usually the end of the invocation."""

    def __init__(
        self,
        client: "DynamoDBClient",
        name: str,
        deadline: Deadline | None = None,
        timer: Timer | None = None,
    ) -> None:
        self._client = client
        self._name = name
        self._deadline = deadline
        self._writer = Writer(client, timer)

    @translate_errors()
    def get(self, key: ItemKey) -> Record | None:
        item = self._client.get_item(TableName=self._name, Key=to_key(key), ConsistentRead=True).get("Item")
        return from_item(item) if item else None

    @translate_errors()
    def get_many(self, keys: Sequence[ItemKey]) -> dict[ItemKey, Record]:
        found: dict[ItemKey, Record] = {}
        for chunk in chunks(list(dict.fromkeys(keys)), _KEYS_PER_READ):
            wanted: Sequence[Mapping[str, Any]] = [to_key(key) for key in chunk]
            while wanted:
                response = self._client.batch_get_item(
                    RequestItems={self._name: {"Keys": wanted, "ConsistentRead": True}}
                )
                items = response["Responses"].get(self._name, [])
                found |= {ItemKey(item[PK]["S"], item[SK]["S"]): from_item(item) for item in items}
                # Left over if the response grew too large (then there is progress) or requests were throttled.
                unprocessed = response.get("UnprocessedKeys", {})
                left = unprocessed[self._name]["Keys"] if self._name in unprocessed else []
                if len(left) == len(wanted):
                    raise ThrottledError("the table answered none of the keys asked for")
                wanted = left
        return found

    @translate_errors()
    def query(
        self,
        pk: str,
        keys: Prefix | Between,
        *,
        after: ItemKey | None = None,
        limit: int | None = None,
        newest_first: bool = False,
        consistent: bool = True,
        only: Sequence[str] = (),
    ) -> list[Record]:
        terms = Terms()
        request = self._query(terms, pk, keys, after)
        request |= {"ScanIndexForward": not newest_first, "ConsistentRead": consistent}
        if limit:
            request["Limit"] = limit
        if only:
            request["ProjectionExpression"] = ", ".join(map(terms.path, only))
        return [from_item(item) for item in islice(self._pages(request | terms.given()), limit)]

    def scroll(self, pk: str, keys: Prefix | Between, page: int, *, after: ItemKey | None = None) -> Iterator[Record]:
        terms = Terms()
        request = self._query(terms, pk, keys, after)
        pages = self._pages(request | {"ConsistentRead": True, "Limit": page} | terms.given())
        while True:
            # Not around the whole loop: what the caller does between two items is no request to DynamoDB.
            with translate_errors():
                item = next(pages, None)
            if item is None:
                return
            yield from_item(item)

    @translate_errors()
    def keys(self, pk: str, limit: int) -> list[ItemKey]:
        terms = Terms()
        request = {
            "TableName": self._name,
            "KeyConditionExpression": f"{terms.path(PK)} = {terms.value(pk)}",
            "ProjectionExpression": f"{terms.path(PK)}, {terms.path(SK)}",
            "ConsistentRead": True,
            "Limit": limit,
        }
        found = islice(self._pages(request | terms.given()), limit)
        return [ItemKey(item[PK]["S"], item[SK]["S"]) for item in found]

    def _query(self, terms: Terms, pk: str, keys: Prefix | Between, after: ItemKey | None) -> dict[str, Any]:
        match keys:
            case Prefix(text):
                range_of = f"begins_with({terms.path(SK)}, {terms.value(text)})"
            case Between(low, high):
                range_of = f"{terms.path(SK)} BETWEEN {terms.value(low)} AND {terms.value(high)}"
        condition = f"{terms.path(PK)} = {terms.value(pk)} AND {range_of}"
        request: dict[str, Any] = {"TableName": self._name, "KeyConditionExpression": condition}
        if after:
            request["ExclusiveStartKey"] = to_key(after)
        return request

    def _pages(self, request: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
        while True:
            response = self._client.query(**request)
            yield from response["Items"]
            if "LastEvaluatedKey" not in response:
                return
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    @translate_errors()
    def put(self, key: ItemKey, fields: Mapping[str, Any]) -> None:
        self._client.put_item(TableName=self._name, Item=to_item(key, fields))

    def put_if(self, key: ItemKey, fields: Mapping[str, Any], condition: Condition) -> bool:
        request = self._conditional(Put(key, fields, condition))
        return self._holds(lambda: self._client.put_item(**request))

    def delete_if(self, key: ItemKey, condition: Condition) -> bool:
        terms = Terms()
        request: dict[str, Any] = {"ConditionExpression": terms.condition(condition), **terms.given()}
        return self._holds(lambda: self._client.delete_item(TableName=self._name, Key=to_key(key), **request))

    @translate_errors()
    def _holds(self, write: Callable[[], object]) -> bool:
        """Make a conditional write; returns whether its condition was true."""
        try:
            write()
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            return False
        return True

    @translate_errors()
    def update_if(self, update: Update) -> Record:
        request = self._conditional(update)
        if update.condition:
            request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            response = self._client.update_item(**request, ReturnValues="ALL_NEW")
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            old: Any = error.response.get("Item")  # not in botocore's type of the response
            raise ConditionFailedError(from_item(old) if old else None) from error
        return from_item(response["Attributes"])

    @translate_errors()
    def transact(self, writes: Sequence[Write]) -> None:
        items: list[Any] = []
        for write in writes:
            request = self._conditional(write)
            if write.condition:
                request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
            items.append({type(write).__name__: request})
        try:
            self._client.transact_write_items(TransactItems=items)
        except ClientError as error:
            raise _meaning(error) from error

    def batch(self, writes: Sequence[Write | Delete]) -> list[bool]:
        return self._writer.run([statement(self._name, write) for write in writes], self._deadline)

    def _conditional(self, write: Write) -> dict[str, Any]:
        """The arguments of the write, for a single request or within a transaction."""
        terms = Terms()
        request: dict[str, Any] = {"TableName": self._name}
        if isinstance(write, Put):
            request["Item"] = to_item(write.key, write.fields)
        else:
            request |= {"Key": to_key(write.key), "UpdateExpression": terms.update(write)}
        if write.condition:
            request["ConditionExpression"] = terms.condition(write.condition)
        return request | terms.given()


def _meaning(error: ClientError) -> Exception:
    """Explains a transaction's failure: the reasons come in the order of its writes
    (docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html)."""
    if error_code(error) != "TransactionCanceledException":
        return error
    cancelled: Any = error.response  # CancellationReasons is not in botocore's type of the response
    reasons = cancelled.get("CancellationReasons", [])
    failed = [n for n, reason in enumerate(reasons) if reason.get("Code") == "ConditionalCheckFailed"]
    if failed:
        old = reasons[failed[0]].get("Item")
        return ConditionFailedError(from_item(old) if old else None, failed)
    code = next((r["Code"] for r in reasons if r.get("Code", "None") != "None"), "TransactionConflict")
    return ClientError({"Error": {"Code": code, "Message": str(error)}}, "TransactWriteItems")
