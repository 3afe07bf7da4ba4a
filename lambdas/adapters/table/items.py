"""Conversion between the wire form of a model (plain JSON types in camelCase) and an item of the table.

DynamoDB transfers numbers as text, so a float needs no conversion to Decimal: its shortest text is exact.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lambdas.ports.table import PK, SK, ItemKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_KEYS = frozenset({PK, SK})


def to_key(key: ItemKey) -> "dict[str, AttributeValueTypeDef]":
    return {PK: {"S": key.pk}, SK: {"S": key.sk}}


def to_item(key: ItemKey, fields: Mapping[str, Any]) -> "dict[str, AttributeValueTypeDef]":
    """Fields that are ``None`` are omitted."""
    return to_key(key) | {name: to_attribute(value) for name, value in fields.items() if value is not None}


def from_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """The fields only: without keys and nulls."""
    return {
        name: from_attribute(attribute)
        for name, attribute in item.items()
        if name not in _KEYS and "NULL" not in attribute
    }


def to_attribute(value: Any) -> "AttributeValueTypeDef":
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):  # before int, because a bool is an int too
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int | float):
        return {"N": repr(value)}
    if isinstance(value, Mapping):
        return {"M": {name: to_attribute(member) for name, member in value.items()}}
    if isinstance(value, list | tuple):
        return {"L": [to_attribute(member) for member in value]}
    raise TypeError(f"{type(value).__name__} is not a JSON type")


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    (kind, value), *_ = attribute.items()
    if kind == "N":
        return float(value) if set(value) & set(".eE") else int(value)
    if kind == "M":
        return {name: from_attribute(member) for name, member in value.items()}
    if kind == "L":
        return [from_attribute(member) for member in value]
    if kind == "NULL":
        return None
    return value
