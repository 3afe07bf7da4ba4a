"""What ``Promises`` keeps, on a table in memory and on DynamoDB."""

import pytest

from lambdas.adapters.table.promise_store import TablePromises
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.ports.stores import Limits, Promises
from lambdas.ports.table import Table

ACME = TenantId("acme")


@pytest.fixture
def promises(table: Table) -> Promises:
    return TablePromises(table)


def key(number: int, tenant: TenantId = ACME) -> CampaignKey:
    return CampaignKey(tenant, CampaignId(f"01JZ{number:022d}"))


def test_there_is_room_for_so_many_campaigns(promises: Promises) -> None:
    limits = Limits(campaigns=2, model_calls=100)
    assert [promises.make(key(n), 1, limits) for n in range(3)] == [True, True, False]
    assert promises.made(ACME) == {key(0).campaign_id: 1, key(1).campaign_id: 1}


def test_there_is_room_for_so_many_calls(promises: Promises) -> None:
    limits = Limits(campaigns=10, model_calls=50)
    assert [promises.make(key(n), calls, limits) for n, calls in enumerate((20, 31, 30, 1))] == [
        True,
        False,
        True,
        False,
    ]


def test_one_that_has_a_promise_keeps_it_and_is_counted_once(promises: Promises) -> None:
    limits = Limits(campaigns=2, model_calls=40)
    assert promises.make(key(0), 20, limits)
    assert promises.make(key(0), 20, limits)
    assert promises.make(key(1), 20, limits)
    assert promises.make(key(0), 20, limits)
    assert not promises.make(key(2), 1, limits)


def test_what_is_forgotten_is_room_again_and_only_once(promises: Promises) -> None:
    limits = Limits(campaigns=5, model_calls=40)
    assert promises.make(key(0), 20, limits)
    assert promises.make(key(1), 20, limits)
    promises.forget(key(0), 20)
    promises.forget(key(0), 20)
    promises.forget(key(7), 20)
    assert promises.make(key(2), 20, limits)
    assert not promises.make(key(3), 1, limits)


def test_a_tenant_has_nothing_of_anothers(promises: Promises) -> None:
    globex = TenantId("globex")
    limits = Limits(campaigns=1, model_calls=10)
    assert promises.make(key(0), 10, limits)
    assert promises.make(key(1, globex), 10, limits)
    assert promises.made(TenantId("nobody")) == {}
