"""Clocks and ids, real and in memory."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

from ulid import ULID

from lambdas.adapters.system import SystemClock, UlidSource
from tests.fakes import MemoryClock, MemoryIds, stored


def test_the_real_clock_is_aware_and_moves() -> None:
    before = datetime.now(UTC)
    first = SystemClock().now()
    assert first.tzinfo is UTC
    assert before - timedelta(milliseconds=1) <= first <= datetime.now(UTC)
    # As times are stored. Of ten, by chance alone, all would be whole milliseconds once in 10^30 runs.
    assert all(SystemClock().now().microsecond % 1_000 == 0 for _ in range(10))


def test_real_ids_are_valid_and_never_the_same() -> None:
    ids = UlidSource()
    made = {ids.ulid() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(str(ULID.from_str(one)) == one for one in made)
    nonces = {ids.nonce() for _ in range(1_000)}
    assert len(nonces) == 1_000
    assert {len(bytes.fromhex(nonce)) for nonce in nonces} == {16}


def test_the_clock_in_memory_stands_until_it_is_moved() -> None:
    clock = MemoryClock(datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1))))
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    clock.advance(timedelta(hours=2))
    assert clock.now() == datetime(2026, 1, 1, 2, tzinfo=UTC)
    clock.set(datetime(2027, 1, 1, tzinfo=UTC))
    assert clock.now().year == 2027


def test_ids_in_memory_are_the_same_in_every_run_and_sort_as_made() -> None:
    one, two = MemoryIds(), MemoryIds()
    ids = [one.ulid() for _ in range(50)]
    assert ids == [two.ulid() for _ in range(50)] == sorted(ids)
    assert one.nonce() == two.nonce() != one.nonce()
    assert MemoryIds(seed=1).ulid() != MemoryIds(seed=2).ulid()
    assert ULID.from_str(MemoryIds(MemoryClock()).ulid()).datetime == stored(MemoryClock().now())


def test_ids_in_memory_are_distinct_between_threads() -> None:
    ids = MemoryIds()
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: ids.ulid(), range(200)))) == 200
