"""What ``Table`` promises, in memory, in moto and in the emulator: the stores rely on it and on nothing else."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lambdas.adapters.table.dynamo_table import DynamoTable
from lambdas.ports.table import (
    BATCH,
    EXISTS,
    NEW,
    Absent,
    AllOf,
    AnyOf,
    AtMost,
    Between,
    Condition,
    ConditionFailedError,
    Delete,
    Equals,
    ItemKey,
    OneOf,
    Prefix,
    Present,
    Put,
    Table,
    Update,
    Write,
)
from tests.contract.conftest import TABLE
from tests.fakes import MemoryTable

A, B, C = (ItemKey("P", sk) for sk in "ABC")
NOT_TAKEN = (ClientError, ValueError)
"""What does not pass: DynamoDB's ``ValidationException``, and the same of the table in memory."""


@pytest.fixture(params=["memory", "moto", "emulator"])
def table(request: pytest.FixtureRequest) -> Table:
    if request.param == "memory":
        return MemoryTable()
    if request.param == "moto":
        return DynamoTable(request.getfixturevalue("moto_table"), TABLE)
    return DynamoTable(*request.getfixturevalue("emulator_table"))


def test_reads_what_was_put_and_nothing_of_others(table: Table) -> None:
    fields = {"t": "Größe 🫖", "n": -3, "f": 0.5, "b": True, "l": [1, {"x": []}], "m": {"a": {}, "z": None}, "no": None}
    assert table.get(A) is None
    table.put(A, fields)
    assert table.get(A) == {name: value for name, value in fields.items() if name != "no"}
    table.put(A, {"t": ""})
    table.put(ItemKey("Q", "A"), {})
    assert table.get(A) == {"t": ""}
    assert table.get(ItemKey("Q", "A")) == {}
    assert table.get_many([A, B, A, ItemKey("Q", "A")]) == {A: {"t": ""}, ItemKey("Q", "A"): {}}


def test_keys_of_a_partition_are_listed_and_deleted(table: Table, request: pytest.FixtureRequest) -> None:
    if "moto" in request.node.name:
        pytest.skip("moto's PartiQL takes no parameters in a DELETE")
    for place in (C, A, B, ItemKey("Q", "A")):
        table.put(place, {"n": 1})
    assert table.keys("P", 2) == [A, B]
    assert table.keys("P", 100) == [A, B, C]
    assert table.batch([Delete(A), Delete(ItemKey("P", "no such item")), Delete(C, units=3)]) == [True] * 3
    assert (table.keys("P", 100), table.keys("Q", 1), table.keys("R", 1)) == ([B], [ItemKey("Q", "A")], [])


def test_nobody_shares_what_is_stored(table: Table) -> None:
    inner = {"list": [1]}
    table.put(A, {"m": inner})
    inner["list"].append(2)
    read = table.get(A) or {}
    read["m"]["list"].append(3)
    assert table.get(A) == {"m": {"list": [1]}}


def test_more_keys_than_one_request_takes_are_read(table: Table) -> None:
    keys = [ItemKey("P", f"{n:03d}") for n in range(130)]
    for n, key in enumerate(keys):
        table.put(key, {"n": n})
    assert table.get_many(keys) == {key: {"n": n} for n, key in enumerate(keys)}


@pytest.fixture
def filled(table: Table) -> Table:
    for sk in ("A#1", "A#2", "A#3", "B#1", "a#1", "Ä"):
        table.put(ItemKey("P", sk), {"sk": sk, "more": 1})
    table.put(ItemKey("Q", "A#0"), {"sk": "of another"})
    return table


def names(records: Any) -> list[str]:
    return [record["sk"] for record in records]


def test_queries_are_in_the_order_of_the_bytes_of_their_keys(filled: Table) -> None:
    everything = Between(" ", "\uffff")
    assert names(filled.query("P", everything)) == ["A#1", "A#2", "A#3", "B#1", "a#1", "Ä"]
    assert names(filled.query("P", everything, newest_first=True, limit=2)) == ["Ä", "a#1"]
    assert names(filled.query("P", Prefix("A#"), consistent=False)) == ["A#1", "A#2", "A#3"]
    assert names(filled.query("P", Between("A#2", "B#1"))) == ["A#2", "A#3", "B#1"]
    assert names(filled.query("P", Prefix("A#"), after=ItemKey("P", "A#1"), limit=1)) == ["A#2"]
    assert names(filled.query("P", Prefix("A#"), after=ItemKey("P", "A#3"), newest_first=True)) == ["A#2", "A#1"]
    assert filled.query("P", Prefix("B"), only=["more", "none"]) == [{"more": 1}]
    assert filled.query("R", everything) == []


def test_a_scroll_reads_on_whatever_is_removed_meanwhile(filled: Table) -> None:
    seen = []
    for record in filled.scroll("P", Prefix("A#"), 2):
        seen.append(record["sk"])
        assert filled.delete_if(ItemKey("P", record["sk"]), EXISTS)
    assert seen == ["A#1", "A#2", "A#3"]
    assert list(filled.scroll("P", Prefix("A#"), 2)) == []
    assert names(filled.scroll("P", Between("B", "b"), 1, after=ItemKey("P", "B#1"))) == ["a#1"]


def test_no_key_is_empty(table: Table) -> None:
    for request in (
        lambda: table.query("P", Prefix("")),
        lambda: list(table.scroll("P", Between("", "x"), 1)),
        lambda: table.put(ItemKey("P", ""), {}),
    ):
        with pytest.raises(NOT_TAKEN):
            request()


def test_an_update_sets_adds_and_removes_and_answers_the_record(table: Table) -> None:
    assert table.update_if(Update(A, {"s": "x", "gone": 1, "m": {"k": 1}}, add={"n": 2})) == {
        "s": "x",
        "gone": 1,
        "m": {"k": 1},
        "n": 2,
    }
    answer = table.update_if(Update(A, {"m.l": [1], "s": None}, EXISTS, add={"n": -3}, remove=["gone", "m.k"]))
    assert answer == table.get(A) == {"m": {"l": [1]}, "n": -1}
    # A null is there, and is not read.
    assert table.update_if(Update(A, {"t": 1}, Present("s"))) == {"m": {"l": [1]}, "n": -1, "t": 1}


def test_a_refused_update_says_what_is_there_and_changes_nothing(table: Table) -> None:
    with pytest.raises(ConditionFailedError) as refused:
        table.update_if(Update(A, {"x": 1}, EXISTS))
    assert (refused.value.old, table.get(A)) == (None, None)
    table.put(A, {"x": 0})
    with pytest.raises(ConditionFailedError) as refused:
        table.update_if(Update(A, {"x": 1}, Equals("x", 5)))
    assert refused.value.old == table.get(A) == {"x": 0}


def test_puts_and_deletes_have_conditions_too(table: Table) -> None:
    assert table.put_if(A, {"v": 1, "old": True}, NEW)
    assert not table.put_if(A, {"v": 2}, NEW)
    assert table.put_if(A, {"v": 2, "none": None}, Equals("v", 1))
    assert table.get(A) == {"v": 2}
    assert not table.delete_if(A, Equals("v", 1))
    assert table.delete_if(A, Equals("v", 2))
    assert not table.delete_if(A, EXISTS)
    assert table.query("P", Prefix("A")) == []


# What a condition means is decided twice: in memory by ours, and by the expressions of two stand-ins for DynamoDB.

STORED = {"s": "b", "n": 5, "half": 2.5, "yes": True, "m": {"s": "b", "deep": {"n": 1}}, "l": [1, "x"], "empty": ""}
paths = st.sampled_from([*STORED, "null", "none", "m.s", "m.deep.n", "m.none", "none.s", "s.x", "PK"])
values = st.sampled_from(["", "a", "b", "ä", 0, 1, 5, 5.0, 2.5, -1, True, {"s": "b", "deep": {"n": 1}}, [1, "x"], []])
NUMBERS, TEXTS = ["n", "half", "m.deep.n", "none"], ["s", "empty", "m.s", "none"]
at_most = st.builds(AtMost, st.sampled_from(NUMBERS), st.sampled_from([0, 1, 2.5, 5, 9])) | st.builds(
    AtMost, st.sampled_from(TEXTS), st.sampled_from(["", "Z", "a", "b", "c", "ä"])
)
"""Of one type: moto cannot compare two, which for DynamoDB is a condition that does not hold."""
fields = paths.filter(lambda path: path != "PK")
leaves = st.one_of(
    st.builds(Absent, paths),
    st.builds(Present, paths),
    st.builds(Equals, fields, values),
    st.builds(OneOf, fields, st.lists(st.sampled_from(["a", "b", ""]), min_size=1)),
    at_most,
)
conditions: st.SearchStrategy[Condition] = st.recursive(
    leaves,
    lambda inner: (
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3))
        | st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=5,
)


def holds(table: Table, key: ItemKey, condition: Condition) -> bool:
    try:
        table.update_if(Update(key, {"tried": 1}, condition))
    except ConditionFailedError:
        return False
    return True


@pytest.mark.parametrize("real", ["moto", "emulator"])
def test_a_condition_holds_in_memory_if_and_only_if_it_holds_on_dynamodb(
    real: str, request: pytest.FixtureRequest
) -> None:
    memory = MemoryTable()
    dynamo = (
        DynamoTable(request.getfixturevalue("moto_table"), TABLE)
        if real == "moto"
        else DynamoTable(*request.getfixturevalue("emulator_table"))
    )
    for table in (memory, dynamo):
        table.update_if(Update(A, {**STORED, "null": None}))

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(conditions)
    @example(Equals("n", True))
    @example(AllOf([AnyOf([Absent("none"), Equals("n", 1)]), AtMost("m.deep.n", 1)]))
    def same(condition: Condition) -> None:
        assert holds(memory, A, condition) is holds(dynamo, A, condition), "an item that is there"
        absent = [table.delete_if(B, condition) for table in (memory, dynamo)]
        assert absent[0] is absent[1], "an item that is not there"

    same()
    if real == "emulator":
        mixed = [AtMost("s", 9), AtMost("n", "z"), AtMost("m", "z"), AtMost("l", 9), AtMost("null", 9)]
        assert [holds(table, A, each) for table in (memory, dynamo) for each in mixed] == [False] * 10


def test_a_transaction_is_all_or_nothing(table: Table) -> None:
    table.put(A, {"v": 1})
    table.transact([Update(A, {"v": 2}, Equals("v", 1)), Put(B, {"new": True}, NEW), Put(C, {"x": 1})])
    assert table.get_many([A, B, C]) == {A: {"v": 2}, B: {"new": True}, C: {"x": 1}}
    with pytest.raises(ConditionFailedError) as refused:
        table.transact([Put(C, {"x": 2}), Update(A, {"v": 3}, Equals("v", 1)), Put(B, {}, NEW)])
    assert (refused.value.failed, refused.value.old) == ((1, 2), {"v": 2})
    assert table.get_many([A, B, C]) == {A: {"v": 2}, B: {"new": True}, C: {"x": 1}}
    with pytest.raises(ConditionFailedError) as refused:
        table.transact([Put(C, {"x": 3}, EXISTS), Update(ItemKey("P", "none"), {"v": 1}, EXISTS)])
    assert (refused.value.failed, refused.value.old) == ((1,), None)


def test_each_write_of_a_batch_has_its_own_outcome(request: pytest.FixtureRequest) -> None:
    for table in (MemoryTable(), DynamoTable(*request.getfixturevalue("emulator_table"))):
        _batches(table)


def _batches(table: Table) -> None:
    keys = [ItemKey("P", f"{n:03d}") for n in range(2 * BATCH + 5)]
    table.put(keys[7], {"n": "mine"})
    inserted = table.batch([Put(key, {"n": n, "none": None}, NEW) for n, key in enumerate(keys)])
    assert inserted == [n != 7 for n in range(len(keys))]
    assert table.get(keys[3]) == {"n": 3}
    updates: list[Write] = [
        Update(keys[0], {"n": 10, "l": [1], "gone": None}),
        Update(keys[1], {"n": 10}, Equals("n", 2)),
        Update(keys[2], {"n": 10}, AllOf([Equals("n", 2)])),
        Update(ItemKey("P", "none"), {"n": 10}),
    ]
    assert table.batch(updates) == [True, False, True, False]
    assert [table.get(key) for key in keys[:3]] == [{"n": 10, "l": [1]}, {"n": 1}, {"n": 10}]
    assert table.get(ItemKey("P", "none")) is None
    assert table.batch([]) == []
    for write in (Put(A, {}), Update(A, {"x": 1}, NEW), Update(A, {"m.x": 1}), Update(A, {}, add={"n": 1})):
        with pytest.raises(ValueError, match="a batch"):
            table.batch([write])


def test_an_item_has_at_most_400_kb() -> None:
    table = MemoryTable()
    table.put(A, {"text": "x" * 390_000})
    too_large: list[Callable[[], object]] = [
        lambda: table.put(B, {"text": "ü" * 210_000}),
        lambda: table.update_if(Update(A, {"more": "x" * 20_000})),
        lambda: table.batch([Put(C, {"text": "x" * 410_000}, NEW)]),
    ]
    for write in too_large:
        with pytest.raises(ValueError, match="400 KB"):
            write()
    assert table.get_many([A, B, C]).keys() == {A}


def test_a_transaction_has_its_limits() -> None:
    table = MemoryTable()
    for writes in (
        [Put(ItemKey("P", str(n)), {}) for n in range(101)],
        [Put(A, {}), Put(A, {"x": 1})],
        [Put(ItemKey("P", str(n)), {"text": "x" * 390_000}) for n in range(11)],
    ):
        with pytest.raises(ValueError, match="a transaction has at most"):
            table.transact(writes)
    assert table.query("P", Between("0", "~")) == []
    table.transact([Put(ItemKey("P", f"{n:03d}"), {"n": n}) for n in range(100)])
    assert len(table.query("P", Prefix("0"))) == 100


@pytest.mark.parametrize("changes", [{"PK": "x"}, {"m": {}, "m.a": 1}, {"s.x": 1}, {"none.x": 1}])
def test_an_update_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    """As AWS does (docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html)."""
    table = MemoryTable()
    table.put(A, {"s": "text", "m": {}})
    with pytest.raises(ValueError, match=r"a key|overlap|no map"):
        table.update_if(Update(A, changes))
    assert table.get(A) == {"s": "text", "m": {}}


def test_of_many_at_once_who_count_each_is_counted(shared_table: Table) -> None:
    def count(_: int) -> int:
        time.sleep(0)
        return int(shared_table.update_if(Update(A, {}, add={"n": 1}))["n"])

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(count, range(100))) == list(range(1, 101))
