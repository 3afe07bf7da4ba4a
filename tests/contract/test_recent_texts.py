"""What ``RecentTexts`` promises, of the fake, of S3, and of the worker's memory before it."""

from collections.abc import Callable

import boto3
import pytest
from botocore.exceptions import ClientError

from lambdas.adapters.aws.remembered_texts import RememberedTexts
from lambdas.adapters.aws.s3_recent_texts import S3RecentTexts
from lambdas.domain.ids import CampaignKey
from lambdas.ports.stores import RecentTexts
from tests.contract.samples import ACME, GLOBEX, KEY, numbered
from tests.fakes import MemoryRecentTexts

TEXTS = ["Größe zählt 🫖", 'Say "when"\n\nand stop', ""]


def s3() -> S3RecentTexts:
    client = boto3.client("s3")
    client.create_bucket(Bucket="manifests")
    return S3RecentTexts(client, "manifests")


STORES: dict[str, Callable[[], RecentTexts]] = {
    "memory": MemoryRecentTexts,
    "s3": s3,
    "remembered": lambda: RememberedTexts(MemoryRecentTexts()),
}


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


@pytest.mark.parametrize("kind", ["memory", "s3"])
def test_what_is_removed_is_gone_and_may_be_removed_again(kind: str, moto_aws: None) -> None:
    store = STORES[kind]()
    assert isinstance(store, MemoryRecentTexts | S3RecentTexts)
    store.put(KEY, TEXTS)
    for _ in range(2):
        store.remove(KEY)
        assert store.get(KEY) == ()


def test_they_lie_beside_the_manifest(moto_aws: None) -> None:
    s3().put(KEY, TEXTS)
    (found,) = boto3.client("s3").list_objects_v2(Bucket="manifests")["Contents"]
    assert found["Key"] == f"tenants/acme/campaigns/{KEY.campaign_id}/recent-texts.json"


def test_a_missing_grant_is_no_missing_object(moto_aws: None) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        S3RecentTexts(boto3.client("s3"), "no-such-bucket").get(KEY)


def test_a_worker_reads_them_once() -> None:
    behind = MemoryRecentTexts()
    behind.put(KEY, TEXTS)
    recent = RememberedTexts(behind)
    assert {recent.get(KEY) for _ in range(10)} == {tuple(TEXTS)}
    assert behind.reads == 1
