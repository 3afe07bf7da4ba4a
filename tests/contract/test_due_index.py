"""What ``DueIndex`` promises, on a table in memory and on DynamoDB."""

from datetime import UTC, datetime, timedelta

import pytest

from lambdas.adapters.table import due_store
from lambdas.adapters.table.due_store import TableDue
from lambdas.domain.due_entry import SHARDS, DueEntry, Kind, entry_for
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.ports.stores import DueIndex
from lambdas.ports.table import ItemKey, Table

NOW = datetime(2026, 11, 24, 9, 30, 0, 123_000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def index(table: Table) -> DueIndex:
    return TableDue(table)


def entry(number: int = 0, at: datetime = NOW, *, kind: Kind = Kind.CAMPAIGN, item: str = "") -> DueEntry:
    key = CampaignKey(TenantId("acme"), CampaignId(f"01JZ{number:022d}"))
    return entry_for(kind, key, at, NOW, item)._replace(shard=0)


def test_entries_come_as_they_were_put_oldest_first(index: DueIndex) -> None:
    late = entry(1, NOW + MINUTE, item="x")
    put_off = entry(2, NOW - 2 * MINUTE)._replace(at=NOW - MINUTE, failures=3)
    for each in (late, entry(), put_off):
        index.put(each)
    assert list(index.due(Kind.CAMPAIGN, 0, None)) == [put_off, entry(), late]


def test_nothing_is_read_that_is_not_due(index: DueIndex) -> None:
    index.put(entry(0, NOW))
    index.put(entry(1, NOW + timedelta(milliseconds=1)))
    assert [each.at for each in index.due(Kind.CAMPAIGN, 0, NOW)] == [NOW]


def test_kinds_and_shards_are_apart(index: DueIndex) -> None:
    index.put(entry())
    for kind, shard in ((Kind.APPROVAL, 0), (Kind.CAMPAIGN, 1), (Kind.CAMPAIGN, SHARDS - 1)):
        assert list(index.due(kind, shard, None)) == []


def test_an_entry_is_removed_as_it_was_read(index: DueIndex) -> None:
    index.put(entry())
    (read,) = index.due(Kind.CAMPAIGN, 0, NOW)
    index.put(entry()._replace(put_at=NOW + MINUTE))
    index.remove(read)
    (again,) = index.due(Kind.CAMPAIGN, 0, NOW)
    assert again.put_at == NOW + MINUTE
    index.remove(again)
    index.remove(again)
    assert list(index.due(Kind.CAMPAIGN, 0, NOW)) == []


def test_more_than_a_page_is_read_page_by_page_and_what_is_removed_meanwhile_does_no_harm(
    index: DueIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_store, "_PAGE", 3)
    for number in range(10):
        index.put(entry(number))
    found = []
    for each in index.due(Kind.CAMPAIGN, 0, NOW):
        found.append(each.key.campaign_id)
        index.remove(each)
    assert found == [f"01JZ{number:022d}" for number in range(10)]
    assert list(index.due(Kind.CAMPAIGN, 0, NOW)) == []


def test_an_entry_that_nobody_can_read_keeps_no_other_waiting(index: DueIndex, table: Table) -> None:
    index.put(entry())
    table.put(ItemKey("DUE#campaign#0", "2026-01-01T00:00:00.000Z#acme#x"), {"at": "soon"})
    newer = due_store.fields(entry(1)) | {"fieldOfANewerVersion": "x"}
    table.put(due_store.place(entry(1)), newer)
    assert list(index.due(Kind.CAMPAIGN, 0, NOW)) == [entry(), entry(1)]


def test_many_entries_that_nobody_can_read_do_not_hide_what_is_behind_them(
    index: DueIndex, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_store, "_PAGE", 3)
    for number in range(7):
        table.put(ItemKey("DUE#campaign#0", f"2026-01-01T00:00:0{number}.000Z#acme#x"), {"at": "soon"})
    index.put(entry())
    assert list(index.due(Kind.CAMPAIGN, 0, NOW)) == [entry()]
