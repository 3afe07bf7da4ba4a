"""An object that is not there, as S3 answers it to those who may list the bucket and to those who may not."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from lambdas.adapters.aws.s3_recent_texts import S3RecentTexts
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId

KEY = CampaignKey(TenantId("acme"), CampaignId("01J00000000000000000000000"))
NAME = f"tenants/acme/campaigns/{KEY.campaign_id}/recent-texts.json"


@pytest.fixture
def s3() -> Iterator[Stubber]:
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as stub:
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
