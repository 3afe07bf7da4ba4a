"""Periodic work by the due index: what a tick reads, works, keeps and puts off."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from lambdas.adapters.table.due_store import TableDue
from lambdas.domain.due_entry import SHARDS, DueEntry, Kind, entry_for
from lambdas.domain.errors import InvalidInputError
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.services.due import (
    BACK_OFF,
    GRACE,
    LONGEST_BACK_OFF,
    DueReport,
    Tick,
    Verdict,
    rebuild,
    shards_of,
    work_due,
)
from tests.fakes import MemoryClock, MemoryTable, stored
from tests.fakes.system import START
from tests.support.world import entries_of

EVERY_SHARD = range(SHARDS)
MINUTE = timedelta(minutes=1)


class Bench:
    """An index and a clock; ``looked_at`` are the campaigns that were worked, in order, and ``errors`` what failed."""

    def __init__(self) -> None:
        self.clock, self.table = MemoryClock(stored(START)), MemoryTable()
        self.index = TableDue(self.table)
        self.looked_at: list[str] = []
        self.errors: list[Exception] = []
        self.more: Callable[[], bool] = lambda: True

    def put(self, number: int, at: datetime, item: str = "") -> DueEntry:
        entry = entry_for(Kind.CAMPAIGN, campaign(number), at, self.clock.now(), item)
        self.index.put(entry)
        return entry

    def tick(self, work: Callable[[DueEntry], Verdict] = lambda _: Verdict.DONE, **how: bool) -> DueReport:
        def watched(entry: DueEntry) -> Verdict:
            self.looked_at.append(entry.key.campaign_id)
            return work(entry)

        def failed(_: DueEntry, error: Exception) -> None:
            self.errors.append(error)

        tick = Tick(self.index, self.clock, self.more, failed, **how)
        return work_due(Kind.CAMPAIGN, EVERY_SHARD, watched, tick)


def campaign(number: int) -> CampaignKey:
    return CampaignKey(TenantId("acme"), CampaignId(f"01JZ{number:022d}"))


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_tick_reads_what_is_due_and_nothing_else(bench: Bench) -> None:
    now = bench.clock.now()
    for number in range(10_000):
        bench.put(number, now + timedelta(hours=1 + number))
    for number in range(10_000, 10_050):
        bench.put(number, now - MINUTE)
    report = bench.tick()
    assert (report.due, report.done, report.failed) == (50, 50, 0)
    assert bench.table.read == 50
    assert report.oldest_seconds == 60
    assert len(entries_of(bench.index, Kind.CAMPAIGN)) == 10_000
    assert bench.tick() == DueReport(0, 0, 0, 0.0)


def test_everything_is_looked_at_whatever_its_time_and_each_record_once(bench: Bench) -> None:
    now = bench.clock.now()
    for number in range(8):
        bench.put(number, now + timedelta(days=number))

    def later(entry: DueEntry) -> Verdict:
        bench.index.put(entry_for(Kind.CAMPAIGN, entry.key, entry.at + timedelta(days=30), now))
        return Verdict.DONE

    assert bench.tick(later, everything=True).done == 8
    assert sorted(bench.looked_at) == [campaign(number).campaign_id for number in range(8)]
    assert len(entries_of(bench.index, Kind.CAMPAIGN)) == 8


def test_the_oldest_comes_first_and_what_was_left_is_first_at_the_next_tick(bench: Bench) -> None:
    now = bench.clock.now()
    entries = [bench.put(number, now - number * MINUTE) for number in range(40)]
    one_shard = [e.key.campaign_id for e in reversed(entries) if e.shard == 0]
    bench.more = lambda: len(bench.looked_at) < 3
    tick = Tick(bench.index, bench.clock, bench.more, lambda _, error: bench.errors.append(error))

    def work(entry: DueEntry) -> Verdict:
        bench.looked_at.append(entry.key.campaign_id)
        return Verdict.DONE

    assert work_due(Kind.CAMPAIGN, [0], work, tick).due == 3
    assert bench.looked_at == one_shard[:3]
    bench.more = lambda: True
    work_due(Kind.CAMPAIGN, [0], work, tick._replace(more=bench.more))
    assert bench.looked_at == one_shard


def test_one_that_fails_is_put_off_longer_and_longer_and_no_other_waits_for_it(bench: Bench) -> None:
    broken = bench.put(0, bench.clock.now() - MINUTE)
    due_at = broken.due_at

    def work(entry: DueEntry) -> Verdict:
        if entry.key == broken.key:
            raise ValueError("a record that cannot be read")
        return Verdict.DONE

    delays = []
    for number in range(1, 12):
        bench.put(number, bench.clock.now())
        report = bench.tick(work)
        assert (report.done, report.failed) == (1, 1)
        (left,) = entries_of(bench.index, Kind.CAMPAIGN)
        assert (left.failures, left.due_at) == (number, due_at)
        # What the record says is still what the entry was put for.
        assert left.agrees(due_at)
        bench.clock.advance(left.at - bench.clock.now())
        # A millisecond more: not the very time for which the work itself may have put an entry.
        delays.append(left.at - left.put_at - timedelta(milliseconds=1))
    assert delays[:4] == [BACK_OFF, 2 * BACK_OFF, 4 * BACK_OFF, 8 * BACK_OFF]
    assert max(delays) == delays[-1] == LONGEST_BACK_OFF
    assert len(bench.errors) == 11


def test_an_entry_that_disagrees_is_dropped_after_a_grace(bench: Bench) -> None:
    """Whoever put it may be about to write the record."""
    bench.put(0, bench.clock.now())
    assert bench.tick(lambda _: Verdict.STALE).done == 0
    assert entries_of(bench.index, Kind.CAMPAIGN)
    bench.clock.advance(GRACE)
    bench.tick(lambda _: Verdict.STALE)
    assert entries_of(bench.index, Kind.CAMPAIGN) == []


def test_behind_an_entry_of_before_the_one_that_counts_is_worked_in_the_same_tick(bench: Bench) -> None:
    now = bench.clock.now()
    bench.put(0, now - MINUTE)
    counts = bench.put(0, now)
    report = bench.tick(lambda entry: Verdict.DONE if entry.agrees(counts.due_at) else Verdict.STALE)
    assert (report.due, report.done) == (2, 1)


def test_an_entry_that_is_put_again_while_it_is_worked_stays(bench: Bench) -> None:
    at = bench.clock.now()
    bench.put(0, at)

    def overtaken(entry: DueEntry) -> Verdict:
        bench.clock.advance(timedelta(seconds=1))
        bench.index.put(entry._replace(put_at=bench.clock.now()))
        return Verdict.DONE

    bench.tick(overtaken)
    assert [entry.at for entry in entries_of(bench.index, Kind.CAMPAIGN)] == [at]


def test_whoever_was_overtaken_looks_again_at_the_next_tick(bench: Bench) -> None:
    entry = bench.put(0, bench.clock.now())
    bench.clock.advance(2 * GRACE)
    report = bench.tick(lambda _: Verdict.AGAIN)
    assert (report.due, report.done, report.failed) == (1, 0, 0)
    assert entries_of(bench.index, Kind.CAMPAIGN) == [entry]


def test_records_of_one_campaign_have_entries_of_their_own(bench: Bench) -> None:
    now = bench.clock.now()
    for item in ("", "a", "b"):
        bench.put(0, now, item)
    assert bench.tick().done == 3


def test_the_index_is_rebuilt_from_the_records(bench: Bench) -> None:
    due_at = bench.clock.now() + MINUTE
    records = [(campaign(0), "", due_at), (campaign(1), "x", None)]
    assert rebuild(Kind.CAMPAIGN, records, bench.index, bench.clock) == 2
    unknown, known = entries_of(bench.index, Kind.CAMPAIGN)
    assert (known.key, known.item, known.at) == (campaign(0), "", due_at)
    assert known.agrees(due_at)
    # A record of an older version says nothing: it is looked at now, whatever the entry says.
    assert (unknown.item, unknown.at) == ("x", bench.clock.now())
    assert unknown.agrees(None)


def test_an_invocation_names_its_shard() -> None:
    assert [list(shards_of({"shard": shard})) for shard in range(SHARDS)] == [[0], [1], [2], [3]]
    for event in ({}, None, {"source": "aws.events"}):
        assert list(shards_of(event)) == [0, 1, 2, 3]
    for wrong in (-1, SHARDS, "0", True, 1.5):
        with pytest.raises(InvalidInputError, match="shard"):
            shards_of({"shard": wrong})


def test_entries_are_spread_over_the_shards(bench: Bench) -> None:
    now = bench.clock.now()
    shards = [bench.put(number, now).shard for number in range(1_000)]
    assert all(200 < shards.count(shard) < 300 for shard in range(SHARDS))


def test_the_age_of_what_always_fails_grows_however_far_it_is_put_off() -> None:
    bench = Bench()
    entry = bench.put(1, bench.clock.now())

    def refused(_entry: DueEntry) -> Verdict:
        raise RuntimeError("the key's grant was revoked")

    ages = []
    for _ in range(24 * 60):
        bench.clock.advance(MINUTE)
        tick = Tick(bench.index, bench.clock, lambda: True, lambda *_: None)
        ages.append(work_due(entry.kind, [entry.shard], refused, tick).oldest_seconds)
    assert max(ages) > timedelta(hours=22).total_seconds()
