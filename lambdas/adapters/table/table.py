"""The few things every store does with the table: consistent reads, prefix queries, conditional updates."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from botocore.exceptions import ClientError

from lambdas.adapters.aws.clients import error_code, translate_errors
from lambdas.adapters.table.items import from_item, to_attribute, to_item, to_key
from lambdas.adapters.table.keys import PK, SK, ItemKey
from lambdas.domain.errors import ThrottledError
from lambdas.domain.record_size import first_page

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, QueryInputTypeDef, TransactWriteItemTypeDef

T = TypeVar("T")

_KEYS_PER_READ = 100
"""BatchGetItem (2026-06, docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html)."""


class ConditionFailedError(Exception):
    """An update's condition did not hold. ``old`` are the item's fields, ``None`` when there is no item."""

    def __init__(self, old: dict[str, Any] | None) -> None:
        super().__init__("the condition of the update did not hold")
        self.old = old


class Table:
    """``client`` may be shared between threads."""

    def __init__(self, client: "DynamoDBClient", name: str) -> None:
        self.client = client
        self.name = name

    @translate_errors()
    def get(self, key: ItemKey) -> dict[str, Any] | None:
        """Consistent."""
        item = self.client.get_item(TableName=self.name, Key=to_key(key), ConsistentRead=True).get("Item")
        return from_item(item) if item else None

    @translate_errors()
    def get_many(self, keys: Sequence[ItemKey]) -> dict[ItemKey, dict[str, Any]]:
        """Consistent; keys without an item are not in the answer."""
        found: dict[ItemKey, dict[str, Any]] = {}
        for chunk in chunks(list(dict.fromkeys(keys)), _KEYS_PER_READ):
            wanted: Sequence[Mapping[str, Any]] = [to_key(key) for key in chunk]
            while wanted:
                response = self.client.batch_get_item(
                    RequestItems={self.name: {"Keys": wanted, "ConsistentRead": True}}
                )
                items = response["Responses"].get(self.name, [])
                found |= {ItemKey(item[PK]["S"], item[SK]["S"]): from_item(item) for item in items}
                # Left over when the answer grew too large (then there is progress) or under throttling.
                unprocessed = response.get("UnprocessedKeys", {})
                left = unprocessed[self.name]["Keys"] if self.name in unprocessed else []
                if len(left) == len(wanted):
                    raise ThrottledError("the table answered none of the keys asked for")
                wanted = left
        return found

    @translate_errors()
    def page(
        self, pk: str, prefix: str, limit: int, *, after: ItemKey | None = None
    ) -> tuple[list[dict[str, Any]], bool]:
        """At most ``limit`` items of ``query``, fewer where they are large, and whether there are more."""
        request: QueryInputTypeDef = {
            "TableName": self.name,
            "KeyConditionExpression": "PK = :pk AND begins_with(SK, :prefix)",
            "ExpressionAttributeValues": {":pk": {"S": pk}, ":prefix": {"S": prefix}},
            "ConsistentRead": True,
            "Limit": limit + 1,  # one more than asked for tells whether there is a next page
        }
        if after:
            request["ExclusiveStartKey"] = to_key(after)
        return first_page(map(from_item, self._pages(request)), limit)

    @translate_errors()
    def query(
        self,
        pk: str,
        prefix: str,
        *,
        between: tuple[str, str] | None = None,
        after: ItemKey | None = None,
        limit: int | None = None,
        newest_first: bool = False,
        consistent: bool = True,
        only: Sequence[str] = (),
    ) -> list[dict[str, Any]]:
        """Items of a partition whose sort key starts with ``prefix``, in its order; ``only`` these fields of them.

        ``between``: what follows the prefix is one of these two or lies between them.
        """
        low, high = between or ("", "")
        bounds = {":low": prefix + low, ":high": prefix + high} if between else {":prefix": prefix}
        condition = "SK BETWEEN :low AND :high" if between else "begins_with(SK, :prefix)"
        request: QueryInputTypeDef = {
            "TableName": self.name,
            "KeyConditionExpression": f"PK = :pk AND {condition}",
            "ExpressionAttributeValues": {name: {"S": value} for name, value in {":pk": pk, **bounds}.items()},
            "ScanIndexForward": not newest_first,
            "ConsistentRead": consistent,
        }
        if after:
            request["ExclusiveStartKey"] = to_key(after)
        if limit:
            request["Limit"] = limit
        if only:
            request["ExpressionAttributeNames"] = {f"#f{n}": name for n, name in enumerate(only)}
            request["ProjectionExpression"] = ", ".join(request["ExpressionAttributeNames"])
        return [from_item(item) for item in islice(self._pages(request), limit)]

    def scroll(self, pk: str, low: str, high: str, page: int) -> Iterator[dict[str, Any]]:
        """Items of a partition whose sort key lies between the bounds, ``page`` of them to a request, read as they are
        asked for: what the caller removes meanwhile does no harm."""
        bounds = {":pk": pk, ":low": low, ":high": high}
        request: QueryInputTypeDef = {
            "TableName": self.name,
            "KeyConditionExpression": "PK = :pk AND SK BETWEEN :low AND :high",
            "ExpressionAttributeValues": {name: {"S": value} for name, value in bounds.items()},
            "ConsistentRead": True,
            "Limit": page,
        }
        pages = self._pages(request)
        while True:
            # Not around the whole of it: what the caller does between two items is not a request of ours.
            with translate_errors():
                item = next(pages, None)
            if item is None:
                return
            yield from_item(item)

    def _pages(self, request: "QueryInputTypeDef") -> Iterator[Mapping[str, Any]]:
        while True:
            response = self.client.query(**request)
            yield from response["Items"]
            if "LastEvaluatedKey" not in response:
                return
            request["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    @translate_errors()
    def put(self, key: ItemKey, fields: Mapping[str, Any]) -> None:
        """Replace whatever is there."""
        self.client.put_item(TableName=self.name, Item=to_item(key, fields))

    def put_new(self, key: ItemKey, fields: Mapping[str, Any]) -> bool:
        """Store unless there is an item already; answers whether it was stored."""
        item, condition = to_item(key, fields), "attribute_not_exists(PK)"
        return self._holds(lambda: self.client.put_item(TableName=self.name, Item=item, ConditionExpression=condition))

    def update_unless(self, key: ItemKey, field: str, refused: Sequence[str], changes: Mapping[str, Any]) -> bool:
        """Set fields of an item, made if need be, unless its ``field`` is one of ``refused``; whether it was done."""
        if not refused:
            return self.update_if(key, changes, None)
        against = {f":r{n}": value for n, value in enumerate(refused)}
        condition = f"attribute_not_exists(#field) OR NOT #field IN ({', '.join(against)})"
        return self.update_if(key, changes, condition, {"#field": field}, against)

    def update_if(
        self,
        key: ItemKey,
        changes: Mapping[str, Any],
        condition: str | None,
        names: Mapping[str, str] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> bool:
        """Set fields of an item if ``condition``, with its ``names`` and ``values``, holds; whether it was done."""
        expression, set_names, set_values = set_expression(changes)
        given = {name: to_attribute(value) for name, value in (values or {}).items()}
        request: dict[str, Any] = {"ConditionExpression": condition} if condition else {}
        return self._holds(
            lambda: self.client.update_item(
                TableName=self.name,
                Key=to_key(key),
                UpdateExpression=expression,
                ExpressionAttributeNames={**set_names, **(names or {})},
                ExpressionAttributeValues={**set_values, **given},
                **request,
            )
        )

    def put_if_version(
        self,
        key: ItemKey,
        fields: Mapping[str, Any],
        status: str,
        version: int,
        beside: tuple[ItemKey, Mapping[str, Any]] | None = None,
    ) -> bool:
        """Replace an item of that status and version, and put the one ``beside`` with it; answers whether it was done.

        No ``version`` field counts as 0.
        """
        unversioned = "attribute_not_exists(#version) OR " if version == 0 else ""
        put: TransactWriteItemTypeDef = {
            "Put": {
                "TableName": self.name,
                "Item": to_item(key, fields),
                "ConditionExpression": f"#status = :status AND ({unversioned}#version = :version)",
                "ExpressionAttributeNames": {"#status": "status", "#version": "version"},
                "ExpressionAttributeValues": {":status": to_attribute(status), ":version": to_attribute(version)},
            }
        }
        if beside is None:
            return self._holds(lambda: self.client.put_item(**put["Put"]))
        other: TransactWriteItemTypeDef = {"Put": {"TableName": self.name, "Item": to_item(*beside)}}
        return self._holds(lambda: self.client.transact_write_items(TransactItems=[put, other]))

    def delete(self, key: ItemKey, same: Mapping[str, str] | None = None) -> bool:
        """Answers whether there was an item, and with ``same`` in its fields; another one stays."""
        names = {f"#f{n}": name for n, name in enumerate(same or {})}
        values = {f":f{n}": to_attribute(value) for n, value in enumerate((same or {}).values())}
        conditions = ["attribute_exists(PK)", *(f"#f{n} = :f{n}" for n in range(len(names)))]
        request: dict[str, Any] = {"ConditionExpression": " AND ".join(conditions)}
        if names:
            request |= {"ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
        return self._holds(lambda: self.client.delete_item(TableName=self.name, Key=to_key(key), **request))

    @translate_errors()
    def _holds(self, write: Callable[[], object]) -> bool:
        """Do a conditional write; answers whether its condition held."""
        try:
            write()
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                meaning = transaction_error(error)
                if meaning is error:
                    raise
                if not isinstance(meaning, ConditionFailedError):
                    raise meaning from error
            return False
        return True

    @translate_errors()
    def update_if_status(
        self, key: ItemKey, expected: Sequence[str], changes: Mapping[str, Any], same: "Same | None" = None
    ) -> dict[str, Any]:
        """Set fields of an item whose ``status`` is one of ``expected`` and that has ``same``; answers the new fields.

        Raises ``ConditionFailedError``.
        """
        expression, names, values = set_expression(changes)
        condition, its_names, its_values = status_condition(expected, same or Same({}))
        try:
            response = self.client.update_item(
                TableName=self.name,
                Key=to_key(key),
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeNames=names | its_names,
                ExpressionAttributeValues=values | its_values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            old: Any = error.response.get("Item")  # not in botocore's type of the response
            raise ConditionFailedError(from_item(old) if old else None) from error
        return from_item(response["Attributes"])


class Same(NamedTuple):
    """Fields an item has to have for a conditional update."""

    fields: Mapping[str, str]
    or_absent: bool = False
    """An item without such a field is as good."""


def status_condition(
    expected: Sequence[str], same: Same
) -> tuple[str, dict[str, str], "dict[str, AttributeValueTypeDef]"]:
    """That ``status`` is one of ``expected`` and the fields are the ``same``, with its names and values."""
    names = {"#status": "status"} | {f"#c{n}": name for n, name in enumerate(same.fields)}
    values = {f":s{n}": to_attribute(str(status)) for n, status in enumerate(expected)}
    alike = [f"#c{n} = :c{n}" for n in range(len(same.fields))]
    if same.or_absent:
        alike = [f"(attribute_not_exists(#c{n}) OR {each})" for n, each in enumerate(alike)]
    condition = " AND ".join([f"#status IN ({', '.join(values)})", *alike])
    return condition, names, values | {f":c{n}": to_attribute(value) for n, value in enumerate(same.fields.values())}


def set_expression(changes: Mapping[str, Any]) -> tuple[str, dict[str, str], "dict[str, AttributeValueTypeDef]"]:
    """``SET`` of every field of ``changes``, with its names and values."""
    names = {f"#f{n}": name for n, name in enumerate(changes)}
    values = {f":f{n}": to_attribute(value) for n, value in enumerate(changes.values())}
    return "SET " + ", ".join(f"#f{n} = :f{n}" for n in range(len(changes))), names, values


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def transaction_error(error: ClientError) -> Exception:
    """``ConditionFailedError`` where the condition of its first write did not hold, or what else cancelled it."""
    if error_code(error) != "TransactionCanceledException":
        return error
    cancelled: Any = error.response  # CancellationReasons is not in botocore's type of the response
    reasons = cancelled.get("CancellationReasons", [])
    first = reasons[0] if reasons else {}
    if first.get("Code") == "ConditionalCheckFailed":
        return ConditionFailedError(from_item(first["Item"]) if first.get("Item") else None)
    code = next((r["Code"] for r in reasons if r.get("Code", "None") != "None"), "TransactionConflict")
    return ClientError({"Error": {"Code": code, "Message": str(error)}}, "TransactWriteItems")
