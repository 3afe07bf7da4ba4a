"""What every model that crosses a boundary has in common."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    Strict,
    ValidationError,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from lambdas.core.errors import FieldError, InvalidInputError


def iso(moment: datetime) -> str:
    """ISO-8601 in UTC with milliseconds and a ``Z``: sorts as text and reads the same everywhere."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[
    AwareDatetime,
    AfterValidator(lambda moment: moment.astimezone(UTC)),
    PlainSerializer(iso, when_used="json"),
]
"""A point in time: any ISO-8601 with an offset comes in, UTC goes out."""


Integer = Annotated[int, Strict()]
"""A whole number: neither ``true`` nor ``"5"`` is one."""


def _text_only(value: Any) -> Any:
    """Pydantic reads a number as seconds since 1970, which nobody means in a brief."""
    if isinstance(value, (int, float)):
        raise ValueError("write it as text in ISO-8601, like 2027-03-01T09:00:00")
    return value


WallTime = Annotated[datetime, BeforeValidator(_text_only)]
"""A date and time as written; without an offset it is a time on the wall of some time zone."""

Day = Annotated[date, BeforeValidator(_text_only)]


class Model(BaseModel):
    """Frozen, camelCase on the wire, and closed: an unknown field is an error and not a typo's hiding place."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        str_strip_whitespace=True,
    )

    @classmethod
    def from_wire(cls, data: Any, *, at: str = "") -> Self:
        """Parse camelCase data from outside; ``at`` prefixes the field paths of errors.

        Raises ``InvalidInputError`` with one ``FieldError`` for each problem.
        """
        try:
            return cls.model_validate(data, by_alias=True, by_name=False)
        except ValidationError as error:
            raise invalid_input(error, at=at) from None

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON types in camelCase, without fields that are ``None``."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def invalid_input(error: ValidationError, *, at: str = "") -> InvalidInputError:
    """A pydantic error in this project's words, without echoing the values that were refused."""
    details = error.errors(include_url=False, include_input=False)
    fields = [field_error(detail, at=at) for detail in details if not _follows_from_others(detail, details)]
    what = "; ".join(f"{f.field or 'body'}: {f.message}" for f in fields[:3])
    more = f" (and {len(fields) - 3} more)" if len(fields) > 3 else ""
    return InvalidInputError(what + more, errors=fields)


def _follows_from_others(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """A list that is too short only because its items were refused: the items say it better."""
    loc = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in details
    )


def field_error(detail: ErrorDetails, *, at: str = "") -> FieldError:
    path = at
    for part in detail["loc"]:
        path += f"[{part}]" if isinstance(part, int) else (f".{part}" if path else str(part))
    message = detail["msg"].removeprefix("Value error, ")
    if detail["type"] == "extra_forbidden":
        message = "unknown field"
    elif detail["type"] in ("model_type", "model_attributes_type", "dict_type"):
        message = "must be an object"
    return FieldError(path, message)
