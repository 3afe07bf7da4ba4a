"""What ``RecentTexts`` promises, of the fake and of S3; and the worker's memory before it."""

from collections.abc import Callable

import boto3
import pytest
from botocore.exceptions import ClientError

from lambdas.adapters.aws.s3_recent_texts import RememberedTexts, S3RecentTexts
from lambdas.domain.ids import CampaignKey, TenantId
from lambdas.domain.models.recent import RecentCampaigns
from lambdas.ports.objects import RecentTexts
from tests.contract.samples import ACME, GLOBEX, KEY, numbered
from tests.fakes import MemoryRecentTexts

TEXTS = ["Größe zählt 🫖", 'Say "when"\n\nand stop', ""]


def s3() -> S3RecentTexts:
    client = boto3.client("s3")
    client.create_bucket(Bucket="manifests")
    return S3RecentTexts(client, "manifests")


STORES: dict[str, Callable[[], RecentTexts]] = {"memory": MemoryRecentTexts, "s3": s3}


@pytest.fixture(params=STORES)
def recent(request: pytest.FixtureRequest, moto_aws: None) -> RecentTexts:
    return STORES[request.param]()


def test_texts_come_back_as_they_were(recent: RecentTexts) -> None:
    recent.put(KEY, TEXTS)
    assert recent.get(KEY) == tuple(TEXTS)


def test_none_were_put(recent: RecentTexts) -> None:
    assert recent.get(KEY) == ()
    recent.put(KEY, [])
    assert recent.get(KEY) == ()


def test_the_last_put_counts(recent: RecentTexts) -> None:
    recent.put(KEY, TEXTS)
    assert recent.get(KEY) == tuple(TEXTS)
    recent.put(KEY, TEXTS[:1])
    assert recent.get(KEY) == tuple(TEXTS[:1])


def test_a_campaign_has_its_own_and_a_tenant_never_anothers(recent: RecentTexts) -> None:
    recent.put(KEY, TEXTS)
    assert recent.get(numbered(ACME, 2)) == ()
    assert recent.get(CampaignKey(GLOBEX, KEY.campaign_id)) == ()


def test_what_is_removed_is_gone_and_may_be_removed_again(recent: RecentTexts) -> None:
    recent.put(KEY, TEXTS)
    for _ in range(2):
        recent.remove(KEY)
        assert recent.get(KEY) == ()


def said(recent: RecentTexts, tenant: TenantId = ACME) -> list[str]:
    return recent.of_tenant(tenant).texts_for(numbered(tenant, 9_999).campaign_id)


def test_a_tenant_has_said_nothing_yet(recent: RecentTexts) -> None:
    assert recent.of_tenant(ACME) == RecentCampaigns()


def test_what_its_last_three_campaigns_said_is_the_tenants(recent: RecentTexts) -> None:
    recent.add(numbered(ACME, 1), TEXTS)
    assert said(recent) == TEXTS
    for number in (4, 2, 3):
        recent.add(numbered(ACME, number), [f"text {number}"])
    assert said(recent) == ["text 4", "text 3", "text 2"]


def test_a_campaign_that_is_added_twice_counts_once(recent: RecentTexts) -> None:
    for texts in (["first"], ["second"], ["second"]):
        recent.add(numbered(ACME, 1), texts)
        recent.add(numbered(ACME, 2), ["other"])
    assert said(recent) == ["other", "second"]


def test_one_tenants_words_are_not_anothers(recent: RecentTexts) -> None:
    recent.add(KEY, TEXTS)
    assert said(recent, GLOBEX) == []
    recent.add(numbered(GLOBEX, 1), ["globex"])
    assert (said(recent), said(recent, GLOBEX)) == (TEXTS, ["globex"])


def test_an_undone_campaign_takes_nothing_from_its_tenant(recent: RecentTexts) -> None:
    recent.add(KEY, TEXTS)
    recent.put(KEY, TEXTS)
    recent.remove(KEY)
    assert said(recent) == TEXTS


def test_where_they_lie(moto_aws: None) -> None:
    """A campaign's beside its manifest, a tenant's where the month that manifests are kept does not count."""
    recent = s3()
    recent.put(KEY, TEXTS)
    recent.add(KEY, TEXTS)
    found = boto3.client("s3").list_objects_v2(Bucket="manifests")["Contents"]
    names = [f"tenants/acme/campaigns/{KEY.campaign_id}/recent-texts.json", "recent-texts/acme.json"]
    assert {each["Key"] for each in found} == set(names)


def test_a_missing_grant_is_no_missing_object(moto_aws: None) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        S3RecentTexts(boto3.client("s3"), "no-such-bucket").get(KEY)


def test_a_worker_reads_them_once() -> None:
    behind = MemoryRecentTexts()
    behind.put(KEY, TEXTS)
    recent = RememberedTexts(behind)
    assert {recent.get(KEY) for _ in range(10)} == {tuple(TEXTS)}
    assert behind.reads == 1
