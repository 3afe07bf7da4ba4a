"""What ``ActiveCampaigns`` promises, on a table in memory and on DynamoDB."""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import pytest

from lambdas.adapters.table import keys
from lambdas.adapters.table.active_store import TableActive
from lambdas.adapters.table.due_store import TableDue
from lambdas.domain.due_entry import SHARDS, DueEntry, Kind
from lambdas.domain.models.active import ActiveCampaign, active
from lambdas.ports.stores import ActiveCampaigns
from lambdas.ports.table import Table
from tests.contract.samples import ACME, KEY, NOW, numbered
from tests.support.world import entries_of


class Looks(NamedTuple):
    store: ActiveCampaigns
    due: Callable[[], list[DueEntry]]


@pytest.fixture
def looks(table: Table) -> Looks:
    return Looks(TableActive(table), lambda: entries_of(TableDue(table), Kind.CAMPAIGN))


def test_a_look_is_on_the_record_and_in_the_index(looks: Looks) -> None:
    recovered = ActiveCampaign(tenant_id=KEY.tenant_id, campaign_id=KEY.campaign_id, recoveries=(NOW,))
    looks.store.look_at(recovered, NOW + timedelta(hours=1), NOW)
    assert looks.store.get(KEY) == recovered.model_copy(update={"due_at": NOW + timedelta(hours=1)})
    (entry,) = looks.due()
    assert (entry.key, entry.at) == (KEY, NOW + timedelta(hours=1))


def test_of_two_looks_the_last_one_counts(looks: Looks) -> None:
    looks.store.look_at(active(KEY), NOW + timedelta(hours=1), NOW)
    looks.store.look_at(active(KEY), NOW + timedelta(minutes=1), NOW)
    record = looks.store.get(KEY)
    assert record is not None
    assert [entry.agrees(record.due_at) for entry in sorted(looks.due(), key=lambda e: e.at)] == [True, False]


def test_what_is_over_is_forgotten(looks: Looks) -> None:
    looks.store.look_at(active(KEY), NOW, NOW)
    looks.store.remove(KEY)
    looks.store.remove(KEY)
    assert looks.store.get(KEY) is None


def test_each_shard_takes_its_share_of_the_list_of_before(table: Table) -> None:
    store = TableActive(table)
    listed = {numbered(ACME, number) for number in range(40)}
    for key in listed:
        fields = {"tenantId": key.tenant_id, "campaignId": key.campaign_id}
        table.put(keys.listed_active(key), fields)
    shares = [store.listed(shard, 100) for shard in range(SHARDS)]
    assert all(shares)
    found = [key for share in shares for key in share]
    assert (len(found), set(found)) == (40, listed)
    for key in found:
        store.forget_listed(key)
    assert [store.listed(shard, 100) for shard in range(SHARDS)] == [[]] * SHARDS
