"""The base class of all models that are received, sent or stored."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    Strict,
    ValidationError,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from lambdas.domain.errors import FieldError, InvalidInputError, UnreadableRecordError
from lambdas.domain.ids import form_of

WHOLE = "body"
"""The path of an error that does not belong to a single field."""


def iso(moment: datetime) -> str:
    """ISO-8601 in UTC with milliseconds and a ``Z``, which sorts as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def canonical(data: Any) -> bytes:
    """JSON data as bytes that do not depend on the order of keys; used for hashes and sizes."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is before the year 1 or after the year 9999 in UTC") from None


Moment = Annotated[
    AwareDatetime,
    AfterValidator(_in_utc),
    PlainSerializer(iso, when_used="json"),
]
"""A point in time: accepts any ISO-8601 with an offset, returns UTC."""


Integer = Annotated[int, Strict()]
"""A whole number; ``true`` and ``"5"`` are rejected."""


def _text_only(value: Any) -> Any:
    """Pydantic would read a number as seconds since 1970, which nobody means in a brief."""
    if isinstance(value, (int, float)):
        raise ValueError("write it as text in ISO-8601, like 2027-03-01T09:00:00")
    return value


WallTime = Annotated[
    datetime,
    BeforeValidator(_text_only),
    # Not the format "date-time", which always has an offset (RFC 3339).
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)?$",
            "description": "ISO-8601; without an offset the time of day in the schedule's timeZone.",
        }
    ),
]
"""A date and time as written; without an offset it is local time in some time zone."""

Day = Annotated[date, BeforeValidator(_text_only)]


_PLAIN_EMAIL = re.compile(
    r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@([a-z0-9]+(-[a-z0-9]+)*\.)+(?!(arpa|invalid|local|localhost|onion|test)\Z)[a-z]{2,}"
)
_PLAIN_EMAIL_CHARS = 64
"""No part of an address of this length is too long."""


def _email(value: str) -> str:
    """What ``EmailStr`` answers, without its library where that would change nothing: it takes 20 ms to import."""
    if len(value) <= _PLAIN_EMAIL_CHARS and _PLAIN_EMAIL.fullmatch(value):
        return value
    from pydantic import validate_email

    return validate_email(value)[1]


Email = Annotated[str, AfterValidator(_email), WithJsonSchema({"type": "string", "format": "email"})]
"""An email address, its domain in lower case. No mail is sent to find out whether it exists."""


class Model(BaseModel):
    """Frozen, with camelCase names in JSON. How unknown fields are treated depends on where the data comes from:

    - ``from_wire``: from a caller. They are errors, so that a typing mistake is not taken for a missing field.
    - ``from_internal``: from another part of this system, perhaps of another version. They are ignored.
    - ``from_record``: from a store, perhaps written by a newer version. They are ignored but kept: ``to_record`` writes
      them back.

    ADR 48 says why.

    Most models are parts of others, which contain what checks them: what a model is checked and written by is built
    when it is first used by itself. ``defer_build=False`` marks those that nearly every function that imports them
    reads, so that it is done while Lambda initialises the process (ADR 74). A default that is a model is therefore made
    by ``model_construct``, which checks nothing.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        str_strip_whitespace=True,
        defer_build=True,
    )

    @classmethod
    def from_wire(cls, data: Any, *, at: str = "") -> Self:
        """Parse camelCase data from outside; ``at`` prefixes the field paths of errors.

        Raises ``InvalidInputError`` with one ``FieldError`` for each problem.
        """
        refused = [FieldError(path, message) for path, message in _unprintable(data, at)]
        if refused:
            raise _refusal(refused)
        return cls._parsed(data, "forbid", at)

    @classmethod
    def from_internal(cls, data: Any, *, at: str = "") -> Self:
        """Parse camelCase data that another part of this system made. Raises like ``from_wire``."""
        return cls._parsed(data, "ignore", at)

    @classmethod
    def from_record(cls, data: Any) -> Self:
        """Read a stored record, written by any version.

        Raises ``UnreadableRecordError`` for one that lacks a field, or has a value (a status, for example) that this
        version does not know. Code that reads many records should skip such a record, so that the others are still
        read.
        """
        try:
            return cls._parsed(data, "allow", "")
        except InvalidInputError as error:
            message = f"a stored {cls.__name__} cannot be read by this version: {error.message}"
            raise UnreadableRecordError(message, errors=error.errors) from None

    @classmethod
    def _parsed(cls, data: Any, extra: Literal["forbid", "ignore", "allow"], at: str) -> Self:
        # Passed here, ``extra`` applies to the nested models too; in the configuration it would not.
        try:
            return cls.model_validate(data, extra=extra, by_alias=True, by_name=False)
        except ValidationError as error:
            raise invalid_input(error, at=at) from None

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON types in camelCase, without fields that are ``None``."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def to_record(self, *, without_defaults: bool = False) -> dict[str, Any]:
        """The form in which it is stored: the same, with unknown fields of the record that it was read from."""
        wire = self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=without_defaults)
        _restore_unknown(self, wire)
        return wire


def _restore_unknown(value: Any, wire: Any) -> None:
    """Put what ``from_record`` kept back into the wire form of the same value; pydantic omits it."""
    if wire is None:
        return
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            _restore_unknown(getattr(value, name), wire.get(field.alias or name))
        wire.update(value.model_extra or {})
    elif isinstance(value, list | tuple):
        for member, its_wire in zip(value, wire, strict=True):
            _restore_unknown(member, its_wire)
    elif isinstance(value, dict):
        for name, member in value.items():
            _restore_unknown(member, wire.get(name))


def invalid_input(error: ValidationError, *, at: str = "") -> InvalidInputError:
    """A pydantic error as an ``InvalidInputError``, without repeating the rejected values."""
    details = error.errors(include_url=False, include_input=False)
    return _refusal([field_error(detail, at=at) for detail in details if not _follows_from_others(detail, details)])


def _refusal(fields: Sequence[FieldError]) -> InvalidInputError:
    what = "; ".join(f"{f.field}: {f.message}" for f in fields[:3])
    more = f" (and {len(fields) - 3} more)" if len(fields) > 3 else ""
    return InvalidInputError(what + more, errors=fields)


_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters (Unicode category Cc) except tab and line ends, and halves of surrogate pairs."""


def _unprintable(data: Any, at: str) -> Iterator[tuple[str, str]]:
    """Paths of the texts in JSON data that contain a forbidden character, and a message for each."""
    waiting = [(at, data)]
    while waiting:  # a caller may nest data deeper than Python allows recursion
        path, value = waiting.pop()
        if isinstance(value, str):
            found = _UNPRINTABLE.search(value)
            if found:
                yield path, f"must not contain the control character U+{ord(found.group()):04X}"
            continue
        if isinstance(value, Mapping):
            members: list[tuple[int | str, Any]] = list(value.items())
        else:
            members = list(enumerate(value)) if isinstance(value, list | tuple) else []
        waiting += [(path_of((name,), at=path), member) for name, member in reversed(members)]


def _follows_from_others(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """A list that is too short only because its items were rejected: the items' errors are enough."""
    loc = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(loc) and other["loc"][: len(loc)] == loc for other in details
    )


def path_of(parts: Sequence[int | str], *, at: str = "") -> str:
    """``schedule.blackoutDates[0]``: names separated by dots, indexes in brackets, below ``at``."""
    path = at
    for part in parts:
        path += f"[{part}]" if isinstance(part, int) else (f".{part}" if path else str(part))
    return path


_WORDS = {
    kind: words
    for kinds, words in {
        "missing": "is required",
        "extra_forbidden": "unknown field",
        "model_type model_attributes_type dict_type": "must be an object",
        "tuple_type list_type": "must be a list",
        "string_type": "must be text",
        "int_type int_parsing int_from_float int_parsing_size": "must be a whole number",
        "float_type float_parsing finite_number": "must be a number",
        "bool_type bool_parsing": "must be true or false",
        "greater_than_equal": "must be {ge:,} or more",
        "less_than_equal": "must be {le:,} or less",
        "string_too_short": "must have {min_length} or more characters",
        "string_too_long": "must have at most {max_length:,} characters",
        "too_short": "must have {min_length} or more items",
        "too_long": "must have at most {max_length:,} items",
        "enum literal_error": "must be {expected}",
        "date_type date_parsing date_from_datetime_parsing date_from_datetime_inexact": (
            "must be a date, like 2027-03-01"
        ),
        "datetime_type datetime_parsing datetime_from_date_parsing datetime_object_invalid": (
            "must be a date and a time, like 2027-03-01T09:00:00"
        ),
        "timezone_aware": "must have an offset, like 2027-03-01T09:00:00+01:00",
        "url_type url_parsing url_syntax_violation": "must be a web address, like https://example.com/page",
        "url_scheme": "must begin with https:// or http://",
    }.items()
    for kind in kinds.split()
}
"""Messages by pydantic's error type (docs.pydantic.dev/latest/errors/validation_errors), for people who send JSON.
Other types come from this project's validators, which have their own messages."""


def field_error(detail: ErrorDetails, *, at: str = "") -> FieldError:
    """What is wrong with the whole of what was sent is said of ``body``."""
    parts = [part for part in detail["loc"] if part not in ("[key]", "[text]", "[object]")]
    if detail["type"] == "value_error":  # of a field that was left out it has the name that only we use
        parts = [to_camel(part) if isinstance(part, str) else part for part in parts]
    path = path_of(parts, at=at) or WHOLE
    given = detail.get("ctx", {})
    if detail["type"] == "string_pattern_mismatch":
        return FieldError(path, f"must be {form_of(given['pattern'])}")
    if given.get("min_length") == 1:
        return FieldError(path, "must not be empty")
    if detail["type"] == "value_error" and "reason" in given:
        return FieldError(path, f"must be a mail address: {given['reason']}")
    words = _WORDS.get(detail["type"])
    return FieldError(path, words.format(**given) if words else detail["msg"].removeprefix("Value error, "))
