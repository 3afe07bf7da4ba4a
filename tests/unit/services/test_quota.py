"""What one tenant may use at once: who is let in, who has to wait, and what they are told."""

import pytest

from lambdas.adapters.table.promise_store import TablePromises
from lambdas.domain.errors import InvalidInputError, NotFoundError, TooManyCampaignsError
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.ports.stores import Limits
from lambdas.services.quota import BEING_BUILT, Quota
from tests.fakes import MemoryTable

ACME = TenantId("acme")


def key(number: int) -> CampaignKey:
    return CampaignKey(ACME, CampaignId(f"01JZ{number:022d}"))


class Records:
    """The status of each campaign there is."""

    def __init__(self) -> None:
        self.of: dict[CampaignKey, CampaignStatus] = {}
        self.read = 0

    def status(self, key: CampaignKey) -> CampaignStatus:
        self.read += 1
        if key not in self.of:
            raise NotFoundError("there is no such campaign")
        return self.of[key]


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def quota(records: Records) -> Quota:
    return Quota(TablePromises(MemoryTable()), Limits(campaigns=3, model_calls=100), records.status)


def built(quota: Quota, records: Records, *calls: int) -> None:
    for number, wanted in enumerate(calls):
        quota.admit(key(number), wanted)
        records.of[key(number)] = CampaignStatus.GENERATING


def test_while_there_is_room_nothing_is_read(quota: Quota, records: Records) -> None:
    built(quota, records, 20, 20, 20)
    assert records.read == 0


def test_a_campaign_too_many_waits_and_hears_for_what_and_how_long(quota: Quota, records: Records) -> None:
    built(quota, records, 20, 20, 20)
    with pytest.raises(
        TooManyCampaignsError, match="3 campaigns are being built, as many as a tenant may have"
    ) as raised:
        quota.admit(key(9), 1)
    assert (raised.value.status, raised.value.details) == (429, {"retryAfterSeconds": 60})


def test_calls_too_many_wait_too(quota: Quota, records: Records) -> None:
    built(quota, records, 60)
    with pytest.raises(TooManyCampaignsError, match="60 of a tenant's 100 model calls at once, and this one wants 50"):
        quota.admit(key(9), 50)
    quota.admit(key(8), 40)


@pytest.mark.parametrize("status", sorted(set(CampaignStatus) - BEING_BUILT))
def test_a_campaign_that_is_not_being_built_makes_room(status: CampaignStatus, quota: Quota, records: Records) -> None:
    built(quota, records, 20, 20, 20)
    records.of[key(1)] = status
    quota.admit(key(9), 60)
    assert set(quota.promises.made(ACME)) == {key(n).campaign_id for n in (0, 2, 9)}


def test_a_submission_that_came_to_nothing_makes_room(quota: Quota, records: Records) -> None:
    built(quota, records, 20, 20, 20)
    del records.of[key(0)]
    quota.admit(key(9), 20)


def test_a_repeat_is_let_in_however_full_it_is(quota: Quota, records: Records) -> None:
    built(quota, records, 20, 20, 60)
    quota.admit(key(0), 20)
    assert records.read == 0


def test_more_than_a_tenant_may_ever_have_is_no_reason_to_wait(quota: Quota) -> None:
    with pytest.raises(InvalidInputError) as raised:
        quota.admit(key(0), 101)
    assert [error.field for error in raised.value.errors] == ["generation.maxConcurrency"]
