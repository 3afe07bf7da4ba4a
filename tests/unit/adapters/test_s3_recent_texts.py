"""An object that is not there, as S3 answers it to those who may list the bucket and to those who may not; and several
campaigns of one tenant that are approved at the same moment."""

from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber
from moto import mock_aws

from lambdas.adapters.aws.s3_recent_texts import ATTEMPTS, S3RecentTexts
from lambdas.domain.errors import ConcurrentUpdateError, ThrottledError
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from tests.contract.samples import ACME, numbered

KEY = CampaignKey(TenantId("acme"), CampaignId("01J00000000000000000000000"))
NAME = f"tenants/acme/campaigns/{KEY.campaign_id}/recent-texts.json"


def client() -> Any:
    return boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


@pytest.fixture
def s3() -> Iterator[Stubber]:
    with Stubber(client()) as stub:
        yield stub
        stub.assert_no_pending_responses()


def texts(s3: Stubber) -> S3RecentTexts:
    return S3RecentTexts(s3.client, "manifests")


def denied(s3: Stubber, operation: str) -> None:
    s3.add_client_error(operation, "AccessDenied", "Access Denied", 403)


def listing(s3: Stubber, *names: str) -> None:
    contents = {"Contents": [{"Key": name} for name in names]} if names else {}
    s3.add_response("list_objects_v2", contents, {"Bucket": "manifests", "Prefix": NAME, "MaxKeys": 1})


def test_not_found_is_an_answer(s3: Stubber) -> None:
    s3.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    assert texts(s3).get(KEY) == ()


@pytest.mark.parametrize("names", [(), (f"{NAME}.old",)])
def test_a_refusal_is_asked_after(names: tuple[str, ...], s3: Stubber) -> None:
    denied(s3, "get_object")
    listing(s3, *names)
    assert texts(s3).get(KEY) == ()


def test_what_is_there_and_forbidden_is_an_error(s3: Stubber) -> None:
    denied(s3, "get_object")
    listing(s3, NAME)
    with pytest.raises(ClientError, match="AccessDenied"):
        texts(s3).get(KEY)


def test_who_may_not_list_either_hears_of_it(s3: Stubber) -> None:
    denied(s3, "get_object")
    denied(s3, "list_objects_v2")
    with pytest.raises(ClientError, match="ListObjectsV2"):
        texts(s3).get(KEY)


class Meddler:
    """S3, with something that is done between each reading of an object and the writing after it."""

    def __init__(self, *between: Callable[[], None]) -> None:
        self._s3 = client()
        self._between = iter(between)
        self.conditions: list[dict[str, str]] = []

    def get_object(self, **request: Any) -> Any:
        return self._s3.get_object(**request)

    def put_object(self, **request: Any) -> Any:
        self.conditions.append({name: request[name] for name in ("IfMatch", "IfNoneMatch") if name in request})
        next(self._between, lambda: None)()
        return self._s3.put_object(**request)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3RecentTexts]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client().create_bucket(Bucket="manifests")
        yield S3RecentTexts(client(), "manifests")


def said(recent: S3RecentTexts) -> list[str]:
    return recent.of_tenant(ACME).texts_for(numbered(ACME, 9_999).campaign_id)


@pytest.mark.parametrize("before", [False, True])
def test_of_two_campaigns_that_are_approved_at_the_same_moment_none_is_lost(
    before: bool, bucket: S3RecentTexts
) -> None:
    if before:
        bucket.add(numbered(ACME, 1), ["1"])
    meddled: Any = Meddler(lambda: bucket.add(numbered(ACME, 3), ["3"]))
    paused: list[float] = []
    S3RecentTexts(meddled, "manifests", paused.append).add(numbered(ACME, 2), ["2"])
    assert said(bucket) == ["3", "2", "1"] if before else ["3", "2"]
    assert (len(meddled.conditions), len(paused)) == (2, 1)
    assert all(len(condition) == 1 for condition in meddled.conditions)


def test_an_object_that_went_is_begun_anew(bucket: S3RecentTexts) -> None:
    bucket.add(numbered(ACME, 1), ["1"])
    meddled: Any = Meddler(lambda: client().delete_object(Bucket="manifests", Key="recent-texts/acme.json"))
    S3RecentTexts(meddled, "manifests", lambda _: None).add(numbered(ACME, 2), ["2"])
    assert said(bucket) == ["2"]
    assert [*meddled.conditions[1]] == ["IfNoneMatch"]


def test_a_repeat_writes_nothing(bucket: S3RecentTexts) -> None:
    bucket.add(numbered(ACME, 1), ["1"])
    meddled: Any = Meddler()
    S3RecentTexts(meddled, "manifests").add(numbered(ACME, 1), ["1"])
    assert meddled.conditions == []


def test_who_always_comes_second_gives_up_and_has_written_nothing(bucket: S3RecentTexts) -> None:
    others = [partial(bucket.add, numbered(ACME, 100 + number), [str(number)]) for number in range(ATTEMPTS)]
    meddled: Any = Meddler(*others)
    paused: list[float] = []
    with pytest.raises(ConcurrentUpdateError, match=f"each of {ATTEMPTS} attempts"):
        S3RecentTexts(meddled, "manifests", paused.append).add(numbered(ACME, 999), ["mine"])
    assert "mine" not in said(bucket)
    assert len(paused) == ATTEMPTS - 1
    assert sum(paused) < 10, "CompleteCampaign has thirty seconds"


@pytest.mark.parametrize(
    ("code", "status"), [("PreconditionFailed", 412), ("ConditionalRequestConflict", 409), ("NoSuchKey", 404)]
)
def test_whoever_was_quicker_is_read_again(code: str, status: int, s3: Stubber) -> None:
    """S3 answers one of the three, by what the other did and when."""
    s3.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    s3.add_client_error("put_object", code, http_status_code=status)
    body = StreamingBody(BytesIO(b'{"campaigns": []}'), 17)
    s3.add_response("get_object", {"Body": body, "ETag": '"etag"'})
    written = {"Bucket": "manifests", "Key": "recent-texts/acme.json", "ContentType": "application/json"}
    s3.add_response("put_object", {}, {**written, "Body": ANY, "IfMatch": '"etag"'})
    S3RecentTexts(s3.client, "manifests", lambda _: None).add(KEY, ["text"])


def test_other_refusals_are_not_a_lost_race(s3: Stubber) -> None:
    s3.add_client_error("get_object", "NoSuchKey", http_status_code=404)
    s3.add_client_error("put_object", "SlowDown", http_status_code=503)
    with pytest.raises(ThrottledError):
        texts(s3).add(KEY, ["text"])
