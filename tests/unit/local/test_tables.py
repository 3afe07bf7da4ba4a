"""The quicker reading of tables answers what ministack's own does."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ministack.services import _dynamodb_keywords as keywords
from ministack.services import dynamodb

from local.emulator import patch
from local.emulator.__main__ import load
from local.emulator.config import EmulatorConfig
from local.emulator.patch import Emulator, Patch

TABLE = "Ranges"
KEYS = [f"{kind}#{number:02d}" for kind in ("BATCH", "CAMPAIGN", "POST") for number in range(12)]
SLOW = dynamodb._query


def install(*names: str) -> None:
    """The corrections of speed of these names."""
    wanted: list[Patch] = [p for p in load() if p.correction.startswith("speed.") and p.name in names]
    patch.install(Emulator(EmulatorConfig(home=Path("/nowhere"), port=1)), wanted)


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    definition = [("PK", "HASH"), ("SK", "RANGE")]
    dynamodb._create_table(
        {
            "TableName": TABLE,
            "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in definition],
            "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name, _ in definition],
            "BillingMode": "PAY_PER_REQUEST",
        }
    )
    # Not in their order, which the answers have.
    for number, key in enumerate(reversed(KEYS)):
        for pk in ("here", "there"):
            dynamodb._put_item(
                {"TableName": TABLE, "Item": {"PK": {"S": pk}, "SK": {"S": key}, "n": {"N": str(number)}}}
            )
    with pytest.MonkeyPatch.context() as put_back:
        put_back.setattr(dynamodb, "_query", SLOW)
        install("_query")
        yield
    dynamodb._delete_table({"TableName": TABLE})


def answer(query: Any, request: dict[str, Any]) -> tuple[int, Any]:
    status, _, body = query(dict(request))
    return status, json.loads(body)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    """Every kind of key condition the project has and some it has not, with pages, limits and both directions."""
    texts = st.sampled_from([*KEYS, "BATCH#", "POST#", "POST#0", "POST#05x", "A", "Z"])
    low, high = sorted((draw(texts), draw(texts)))
    condition, values = draw(
        st.sampled_from(
            [
                ("PK = :pk AND begins_with(SK, :a)", {":a": low}),
                ("#p = :pk AND begins_with(#s, :a)", {":a": high}),
                ("PK = :pk AND SK BETWEEN :a AND :b", {":a": low, ":b": high}),
                ("PK = :pk AND SK > :a", {":a": low}),
                ("PK = :pk", {}),
            ]
        )
    )
    request: dict[str, Any] = {
        "TableName": TABLE,
        "KeyConditionExpression": condition,
        "ExpressionAttributeValues": {
            ":pk": {"S": draw(st.sampled_from(["here", "nowhere"]))},
            **{name: {"S": value} for name, value in values.items()},
        },
        "ScanIndexForward": draw(st.booleans()),
    }
    if "#p" in condition:
        request["ExpressionAttributeNames"] = {"#p": "PK", "#s": "SK"}
    if draw(st.booleans()):
        request["Limit"] = draw(st.integers(1, 14))
    if draw(st.booleans()):
        request["ExclusiveStartKey"] = {"PK": {"S": "here"}, "SK": {"S": draw(st.sampled_from(KEYS))}}
    return request


@given(request=requests())
def test_a_query_of_a_range_answers_what_one_of_the_partition_does(request: dict[str, Any]) -> None:
    assert answer(dynamodb._query, request) == answer(SLOW, request)


def test_a_query_of_a_range_looks_at_no_other_item(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[str] = []
    evaluate = dynamodb._evaluate_condition

    def note(expression: str, item: Any, *rest: Any, **named: Any) -> Any:
        looked_at.append(item["SK"]["S"])
        return evaluate(expression, item, *rest, **named)

    monkeypatch.setattr(dynamodb, "_evaluate_condition", note)
    values = {":pk": {"S": "here"}, ":a": {"S": "POST#03"}, ":b": {"S": "POST#05"}}
    request = {
        "TableName": TABLE,
        "KeyConditionExpression": "PK = :pk AND SK BETWEEN :a AND :b",
        "ExpressionAttributeValues": values,
    }
    assert answer(dynamodb._query, request)[1]["Count"] == 3
    assert looked_at == ["POST#03", "POST#04", "POST#05"]


def test_what_is_read_once_is_read_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("_tokenize", "_check_redundant_parens", "_condition_syntax_error", "_parse_partiql")
    slow = {name: getattr(dynamodb, name) for name in names}
    for name in names:
        monkeypatch.setattr(dynamodb, name, slow[name])
    monkeypatch.setattr(keywords, "_tokenize", keywords._tokenize)
    install(*names)

    expression = "attribute_not_exists(#a) OR (#a.#b = :c AND NOT #d IN (:e, :f))"
    assert list(dynamodb._tokenize(expression)) == slow["_tokenize"](expression)
    assert dynamodb._tokenize(expression) is dynamodb._tokenize(expression)
    for wrong in ("((#a = :b))", "#a = ", expression):
        slot = "ConditionExpression"
        assert dynamodb._condition_syntax_error(wrong, slot) == slow["_condition_syntax_error"](wrong, slot)

    statement = 'UPDATE "T" SET "n"=? WHERE "PK"=? AND "SK"=?'
    parameters = [{"N": "1"}, {"S": "a"}, {"S": "b"}]
    parsed = dynamodb._parse_partiql(statement, parameters)
    assert dynamodb._parse_partiql(statement, parameters) is parsed
    other = dynamodb._parse_partiql(statement, [{"N": "2"}, {"S": "a"}, {"S": "b"}])
    assert other["conditions"] == slow["_parse_partiql"](statement, parameters)["conditions"]
    assert other is not parsed
