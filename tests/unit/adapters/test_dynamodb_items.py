"""Wire form to item and back."""

from decimal import Context
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambdas.adapters.table.items import from_attribute, from_item, to_attribute, to_item
from lambdas.adapters.table.keys import ItemKey

KEY = ItemKey("TENANT#acme", "CAMPAIGN#1")
_JSON = st.recursive(
    st.none() | st.booleans() | st.text() | st.integers(-(10**37), 10**37) | st.floats(allow_nan=False, width=32),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(min_size=1), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON.filter(lambda value: "inf" not in repr(value)))
def test_whatever_json_says_comes_back(value: Any) -> None:
    assert from_attribute(to_attribute(value)) == value


@pytest.mark.parametrize("number", [0.1, 2.5e-07, 1e20, 123456.789, 0.000_1])
def test_a_float_is_within_the_tables_38_digits_and_exact(number: float) -> None:
    text = to_attribute(number)["N"]
    exact = Context(prec=38).create_decimal(text)
    assert float(exact) == number
    # The table answers numbers in its own spelling.
    assert from_attribute({"N": format(exact, "f")}) == from_attribute({"N": format(exact, "E")}) == number


def test_an_item_is_its_keys_and_fields_without_none() -> None:
    item = to_item(KEY, {"name": "x", "absent": None, "on": True, "n": 3, "list": [1, {"a": None}]})
    assert item == {
        "PK": {"S": "TENANT#acme"},
        "SK": {"S": "CAMPAIGN#1"},
        "name": {"S": "x"},
        "on": {"BOOL": True},
        "n": {"N": "3"},
        "list": {"L": [{"N": "1"}, {"M": {"a": {"NULL": True}}}]},
    }
    assert from_item(item | {"gone": {"NULL": True}}) == {"name": "x", "on": True, "n": 3, "list": [1, {"a": None}]}


def test_refuses_what_is_not_json() -> None:
    with pytest.raises(TypeError, match="bytes"):
        to_attribute({"raw": b"x"})
