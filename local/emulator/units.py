"""The units that DynamoDB bills, computed from the sizes of the items in the emulator's tables.

A write is one unit for each started KB of the larger of the item's two versions, twice that in a transaction, even if
its condition fails; a consistent read one for each started 4 KB, half that otherwise
(docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html).
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from local.emulator.patch import EmulatorChangedError

WRITE_BYTES, READ_BYTES = 1024, 4096
_NAMES = re.compile(r"#\w+")
"""Placeholders for names in an expression (``ExpressionAttributeNames``)."""

Operation = Callable[[dict[str, Any]], Any]
Place = tuple[str, dict[str, Any]]
"""A table and an item, or the key of one."""


class Partition(NamedTuple):
    table: str
    key: str


def units(size: int, each: int) -> int:
    """Billed units of an item or a page of ``size`` bytes."""
    return max(1, -(-size // each))


class Tables:
    """Sizes of stored items, and which items a request refers to."""

    def __init__(self, dynamodb: Any) -> None:
        self.dynamodb = dynamodb

    def size(self, name: str, key: dict[str, Any]) -> int:
        """Bytes of the item with the key that ``key`` has or is; 0 when there is none."""
        table = self.dynamodb._tables.get(name)
        item = self.dynamodb._get_item_by_key(table, key) if table else None
        return self.item_size(name, item) if item else 0

    def item_size(self, name: str, item: dict[str, Any]) -> int:
        return int(self.dynamodb._billed_item_bytes(self.dynamodb._tables[name], item))

    def _written_by_statement(self, data: dict[str, Any]) -> Place | None:
        """Table and key of what a PartiQL statement writes; ``None`` if it names no item."""
        parsed = self.dynamodb._parse_partiql(data["Statement"], data.get("Parameters", []))
        name = parsed["table"]
        if parsed["op"] == "SELECT":
            raise EmulatorChangedError("PartiQL SELECT is not counted: nothing here used it")
        if parsed["op"] == "INSERT":
            item = parsed["item"]
            return name, item["M"] if set(item) == {"M"} else item
        table = self.dynamodb._tables[name]
        pk, sk, _, error = self.dynamodb._partiql_key_target(table, parsed)
        return None if error else (name, {table["pk_name"]: {"S": pk}, table["sk_name"]: {"S": sk}})

    def written(self, data: dict[str, Any]) -> list[Place]:
        """What a request writes, whichever of the operations it is for."""
        if "TransactItems" in data:
            members = [next(iter(member.values())) for member in data["TransactItems"]]
            return [(member["TableName"], member.get("Item") or member["Key"]) for member in members]
        if "Statement" in data:
            place = self._written_by_statement(data)
            return [place] if place else []
        return [(data["TableName"], data["Item"] if "Item" in data else data["Key"])]

    def partition(self, place: Place) -> Partition:
        name, item = place
        return Partition(name, next(iter(item[self.dynamodb._tables[name]["pk_name"]].values())))

    def queried(self, data: Mapping[str, Any]) -> Partition:
        """The partition that a query reads."""
        name = data["TableName"]
        values, names = data.get("ExpressionAttributeValues") or {}, data.get("ExpressionAttributeNames") or {}
        pk_name = self.dynamodb._tables[name]["pk_name"]
        key = self.dynamodb._extract_pk_from_condition(data["KeyConditionExpression"], values, names, pk_name)
        return Partition(name, str(key))

    def page_size(self, run: Operation, data: dict[str, Any]) -> int:
        """Bytes that a query reads, found by running it without its projection and its filter."""
        used = _NAMES.findall(f"{data.get('KeyConditionExpression', '')} {data.get('FilterExpression', '')}")
        names = {place: name for place, name in data.get("ExpressionAttributeNames", {}).items() if place in used}
        whole = {key: value for key, value in data.items() if key not in ("ProjectionExpression", "FilterExpression")}
        whole = {**whole, "ExpressionAttributeNames": names} if names else _without(whole, "ExpressionAttributeNames")
        _, _, body = run(whole)
        return sum(self.item_size(data["TableName"], item) for item in json.loads(body).get("Items", []))


def _without(data: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != name}
