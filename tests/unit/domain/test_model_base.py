from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Any

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES
from hypothesis import given
from hypothesis import strategies as st
from pydantic import EmailStr, Field, TypeAdapter, ValidationError, field_validator

from lambdas.domain.errors import FieldError, InvalidInputError, UnreadableRecordError
from lambdas.domain.models.base import Email, Model, Moment, iso


class Room(Model):
    room_name: Annotated[str, Field(min_length=1)]
    seats: Annotated[int, Field(ge=1)] = 1

    @field_validator("room_name")
    @classmethod
    def _no_attic(cls, name: str) -> str:
        if name == "attic":
            raise ValueError("nobody meets in the attic")
        return name


class House(Model):
    built_at: Moment
    rooms: tuple[Room, ...] = ()
    owner: str | None = None


WIRE: dict[str, Any] = {"builtAt": "2026-03-01T12:00:00+02:00", "rooms": [{"roomName": "hall"}]}


def errors_of(data: Any, *, at: str = "") -> tuple[FieldError, ...]:
    with pytest.raises(InvalidInputError) as error:
        House.from_wire(data, at=at)
    return error.value.errors


def test_wire_and_back() -> None:
    house = House.from_wire(WIRE)
    assert house.rooms == (Room(room_name="hall"),)
    assert house.to_wire() == {"builtAt": "2026-03-01T10:00:00.000Z", "rooms": [{"roomName": "hall", "seats": 1}]}
    assert House.from_wire(house.to_wire()) == house


def test_models_are_frozen() -> None:
    with pytest.raises(ValidationError):
        House.from_wire(WIRE).owner = "me"


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"builtAt": None}, "builtAt", "must be a date and a time"),
        ({"builtAt": "2026-03-01T12:00:00"}, "builtAt", "must have an offset"),
        ({"rooms": [{"roomName": "hall"}, {"roomName": ""}]}, "rooms[1].roomName", "must not be empty"),
        ({"rooms": [{"roomName": "  "}]}, "rooms[0].roomName", "must not be empty"),
        ({"rooms": [{"roomName": "hall", "seats": 0}]}, "rooms[0].seats", "must be 1 or more"),
        ({"rooms": [{"roomName": "attic"}]}, "rooms[0].roomName", "nobody meets in the attic"),
        ({"rooms": "hall"}, "rooms", "must be a list"),
        ({"colour": "red"}, "colour", "unknown field"),
        # The wire speaks camelCase only.
        ({"built_at": "2026-03-01T12:00:00Z"}, "built_at", "unknown field"),
    ],
)
def test_errors_name_the_field(change: dict[str, Any], field: str, message: str) -> None:
    errors = errors_of(WIRE | change)
    assert [error.field for error in errors] == [field]
    assert message in errors[0].message
    assert not errors[0].message.startswith("Value error")


def test_a_missing_field() -> None:
    assert errors_of({}) == (FieldError("builtAt", "is required"),)


@pytest.mark.parametrize("data", [None, [], "house", 1])
def test_what_is_no_object(data: Any) -> None:
    assert [error.field for error in errors_of(data)] == ["body"]


def test_errors_can_be_placed_in_a_larger_document() -> None:
    data = {"builtAt": None, "rooms": [{}], "colour": "red"}
    assert [error.field for error in errors_of(data, at="campaign.house")] == [
        "campaign.house.builtAt",
        "campaign.house.rooms[0].roomName",
        "campaign.house.colour",
    ]
    assert errors_of([], at="house")[0].field == "house"


def test_the_message_sums_up() -> None:
    with pytest.raises(InvalidInputError, match=r"^builtAt: is required$"):
        House.from_wire({})
    with pytest.raises(InvalidInputError, match=r"^body: must be an object$"):
        House.from_wire(3)
    with pytest.raises(InvalidInputError, match=r"\(and 2 more\)$"):
        House.from_wire({"rooms": [{}, {}, {}, {}]})


def test_refused_values_are_not_echoed() -> None:
    with pytest.raises(InvalidInputError) as error:
        House.from_wire({"builtAt": "s3cret", "s3cretless": 1, "rooms": "s3cret"})
    assert "s3cret" not in "".join(field.message for field in error.value.errors)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 1, 10, 0, 0, 123_999, UTC),
        datetime(2026, 3, 1, 12, 0, 0, 123_999, timezone(timedelta(hours=2))),
    ],
)
def test_iso_is_utc_with_milliseconds(moment: datetime) -> None:
    assert iso(moment) == "2026-03-01T10:00:00.123Z"


NEWER: dict[str, Any] = {
    "builtAt": "2026-03-01T10:00:00.000Z",
    "rooms": [{"roomName": "hall", "seats": 1, "floor": 2}],
    "colour": "red",
}


def test_what_this_system_made_is_read_without_the_fields_it_does_not_know() -> None:
    house = House.from_internal(NEWER)
    assert house == House.from_wire(WIRE)
    with pytest.raises(InvalidInputError) as error:
        House.from_internal({"rooms": [{}]}, at="house")
    assert [problem.field for problem in error.value.errors] == ["house.builtAt", "house.rooms[0].roomName"]


def test_a_record_keeps_what_this_version_does_not_know() -> None:
    house = House.from_record(NEWER)
    assert (house.rooms[0].room_name, house.owner) == ("hall", None)
    changed = house.model_copy(update={"owner": "ada"})
    assert changed.to_record() == NEWER | {"owner": "ada"}
    # An answer shows none of it.
    assert changed.to_wire() == House.from_wire(WIRE).to_wire() | {"owner": "ada"}


def test_a_record_with_a_value_that_this_version_does_not_know() -> None:
    with pytest.raises(UnreadableRecordError, match=r"stored House.*rooms\[0\].seats") as error:
        House.from_record(NEWER | {"rooms": [{"roomName": "hall", "seats": "plenty"}]})
    assert [problem.field for problem in error.value.errors] == ["rooms[0].seats"]
    assert error.value.status == 500


@pytest.mark.parametrize(
    "character", ["\x00", "\x08", "\x0b", "\x0c", "\x1b", "\x1f", "\x7f", "\x85", "\x9f", "\ud800"]
)
def test_control_characters_are_refused_where_they_stand(character: str) -> None:
    bad = f"a{character}b"
    assert [error.field for error in errors_of(WIRE | {"rooms": [{"roomName": "hall"}, {"roomName": bad}]})] == [
        "rooms[1].roomName"
    ]
    assert errors_of(WIRE | {"owner": bad}, at="house") == (
        FieldError("house.owner", f"must not contain the control character U+{ord(character):04X}"),
    )
    # Also at the ends, where spaces are taken off, and where nobody looks for a field.
    assert [error.field for error in errors_of(WIRE | {"owner": f"me{character}"})] == ["owner"]
    assert [error.field for error in errors_of(WIRE | {"colour": [{"deep": bad}]})] == ["colour[0].deep"]


def test_tabs_and_line_ends_are_text() -> None:
    assert House.from_wire(WIRE | {"owner": "a\tb\r\nc"}).owner == "a\tb\r\nc"


def test_data_nested_deeper_than_the_stack_is_refused_as_any_other() -> None:
    deep: Any = "x"
    for _ in range(5_000):
        deep = [deep]
    assert [error.field for error in errors_of(WIRE | {"colour": deep})] == ["colour"]


def answer(adapter: TypeAdapter[str], address: str) -> tuple[str, Any]:
    """The address as it is kept, or the error in the words that a caller reads."""
    try:
        return "kept", adapter.validate_python(address)
    except ValidationError as error:
        return "refused", [(detail["type"], detail["msg"]) for detail in error.errors()]


OURS, PYDANTICS = TypeAdapter[str](Email), TypeAdapter[str](EmailStr)
LABEL = st.text(alphabet="ab9-_", min_size=1, max_size=5) | st.just("xn--p1ai") | st.just("a" * 64)
DOMAIN = st.lists(LABEL | st.sampled_from(["com", "example", "c", "Com", "", *SPECIAL_USE_DOMAIN_NAMES]), max_size=4)
LOCAL = st.text(alphabet="aB9._+-'é ", max_size=6) | st.sampled_from(["info", "Info", "postmaster", "a" * 65, "A <a"])


@given(LOCAL, DOMAIN.map(".".join))
def test_an_address_is_what_pydantic_says_it_is(local: str, domain: str) -> None:
    """The short cut for plain addresses changes no answer and no message."""
    assert answer(OURS, f"{local}@{domain}") == answer(PYDANTICS, f"{local}@{domain}")


@pytest.mark.parametrize("reserved", SPECIAL_USE_DOMAIN_NAMES)
def test_no_address_is_in_a_reserved_domain(reserved: str) -> None:
    """A domain that the library learns to refuse is refused by the short cut as well, or this fails."""
    assert answer(OURS, f"ada@mail.{reserved}") == answer(PYDANTICS, f"ada@mail.{reserved}")


@pytest.mark.parametrize("address", ["ada@example.com", "ada.l-1+x_y@mail-1.example.co", "Ada@Example.COM", "ada", ""])
def test_addresses_of_every_day(address: str) -> None:
    assert answer(OURS, address) == answer(PYDANTICS, address)
    assert OURS.json_schema() == PYDANTICS.json_schema()
