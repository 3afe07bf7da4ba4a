"""Conditions and changes as DynamoDB's expressions (docs.aws.amazon.com/amazondynamodb/latest/developerguide/
Expressions.html). Names and values are always placeholders, so no word is reserved and none is code."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lambdas.adapters.table.items import to_attribute
from lambdas.ports.table import Absent, AllOf, AnyOf, AtMost, Condition, Equals, OneOf, Present, Update

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


class Terms:
    """The placeholders of one request, shared by its expressions."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._values: dict[str, AttributeValueTypeDef] = {}

    def path(self, field: str) -> str:
        return ".".join(self._names.setdefault(part, f"#n{len(self._names)}") for part in field.split("."))

    def value(self, value: Any) -> str:
        placeholder = f":v{len(self._values)}"
        self._values[placeholder] = to_attribute(value)
        return placeholder

    def condition(self, condition: Condition) -> str:
        match condition:
            case Absent(field):
                return f"attribute_not_exists({self.path(field)})"
            case Present(field):
                return f"attribute_exists({self.path(field)})"
            case Equals(field, value):
                return f"{self.path(field)} = {self.value(value)}"
            case OneOf(field, values):
                return f"{self.path(field)} IN ({', '.join(map(self.value, values))})"
            case AtMost(field, value):
                return f"{self.path(field)} <= {self.value(value)}"
            case AllOf(conditions):
                return self._joined(" AND ", conditions)
            case AnyOf(conditions):
                return self._joined(" OR ", conditions)

    def _joined(self, word: str, conditions: Sequence[Condition]) -> str:
        joined = word.join(map(self.condition, conditions))
        # DynamoDB refuses redundant parentheses (ValidationException).
        return f"({joined})" if len(conditions) > 1 else joined

    def update(self, update: Update) -> str:
        parts = {
            "SET": [f"{self.path(field)} = {self.value(value)}" for field, value in update.changes.items()],
            "ADD": [f"{self.path(field)} {self.value(value)}" for field, value in update.add.items()],
            "REMOVE": [self.path(field) for field in update.remove],
        }
        return " ".join(f"{verb} {', '.join(each)}" for verb, each in parts.items() if each)

    def given(self) -> dict[str, Any]:
        """The placeholders' names and values for a request; DynamoDB accepts no empty map."""
        named = {"ExpressionAttributeNames": self._names_by_placeholder(), "ExpressionAttributeValues": self._values}
        return {name: value for name, value in named.items() if value}

    def _names_by_placeholder(self) -> dict[str, str]:
        return {placeholder: name for name, placeholder in self._names.items()}
