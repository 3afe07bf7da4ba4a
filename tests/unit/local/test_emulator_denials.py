"""What the local stack answers a caller who may not know whether something is there."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from lambdas.adapters.aws.s3_recent_texts import S3RecentTexts
from lambdas.domain.models.recent import CAMPAIGNS
from local import aws
from local.process import EmulatorProcess, free_port
from tests.contract.samples import ACME, numbered

pytestmark = [pytest.mark.stack, pytest.mark.xdist_group("emulator")]

BUCKET = "some-bucket"
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:team/"


class Account:
    """An emulator with a bucket, and a user whose rights a test sets."""

    def __init__(self, process: EmulatorProcess) -> None:
        self._endpoint = f"http://127.0.0.1:{process.port()}"
        self._iam = self.root("iam")
        self._iam.create_user(UserName="somebody")
        self._key = self._iam.create_access_key(UserName="somebody")["AccessKey"]
        self.root("s3").create_bucket(Bucket=BUCKET)
        self.root("s3").put_object(Bucket=BUCKET, Key="mine/there", Body=b"body")

    def root(self, service: str) -> Any:
        return aws.client(service, self._endpoint)

    def may(self, *statements: dict[str, Any]) -> None:
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **each} for each in statements]}
        self._iam.put_user_policy(UserName="somebody", PolicyName="rights", PolicyDocument=json.dumps(policy))

    def client(self, service: str) -> Any:
        make: Any = boto3.client  # its overloads want a literal
        return make(
            service,
            endpoint_url=self._endpoint,
            region_name="us-east-1",
            aws_access_key_id=self._key["AccessKeyId"],
            aws_secret_access_key=self._key["SecretAccessKey"],
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
        )


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    process = EmulatorProcess(tmp_path_factory.mktemp("denials"))
    process.start(free_port(20_000 + os.getpid() % 20_000))
    yield Account(process)
    process.stop(kill=True)


def code(call: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**request)
    return str(refused.value.response["Error"]["Code"])


GET = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/mine/*"}
LIST = {"Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}
LIST_MINE = {**LIST, "Condition": {"StringLike": {"s3:prefix": "mine/*"}}}
LIST_OTHERS = {**LIST, "Condition": {"StringLike": {"s3:prefix": "others/*"}}}


@pytest.mark.parametrize(
    ("rights", "get", "head"),
    [
        ([GET], "AccessDenied", "403"),
        ([GET, LIST], "NoSuchKey", "404"),
        ([GET, LIST_MINE], "NoSuchKey", "404"),
        ([GET, LIST_OTHERS], "AccessDenied", "403"),
    ],
)
def test_a_missing_object_is_missing_only_for_who_may_list(
    account: Account, rights: list[dict[str, Any]], get: str, head: str
) -> None:
    account.may(*rights)
    s3 = account.client("s3")
    assert code(s3.get_object, Bucket=BUCKET, Key="mine/gone") == get
    assert code(s3.head_object, Bucket=BUCKET, Key="mine/gone") == head
    assert s3.get_object(Bucket=BUCKET, Key="mine/there")["Body"].read() == b"body"


PUT = {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/mine/*"}


def test_to_replace_what_was_read_takes_the_right_to_read_it(account: Account) -> None:
    etag = account.root("s3").put_object(Bucket=BUCKET, Key="mine/replaced", Body=b"body")["ETag"]
    request = {"Bucket": BUCKET, "Key": "mine/replaced", "Body": b"other", "IfMatch": etag}
    account.may(PUT)
    assert code(account.client("s3").put_object, **request) == "AccessDenied"
    assert account.root("s3").get_object(Bucket=BUCKET, Key="mine/replaced")["Body"].read() == b"body"
    account.client("s3").put_object(Bucket=BUCKET, Key="mine/begun", Body=b"", IfNoneMatch="*")
    account.may(PUT, GET)
    account.client("s3").put_object(**request)
    assert code(account.client("s3").put_object, **request) == "PreconditionFailed"
    assert code(account.client("s3").put_object, **{**request, "Key": "mine/gone"}) == "NoSuchKey"
    assert code(account.client("s3").put_object, Bucket=BUCKET, Key="mine/begun", IfNoneMatch="*") == (
        "PreconditionFailed"
    )


def test_of_many_who_replace_the_same_object_one_does(account: Account) -> None:
    s3 = account.root("s3")
    etag = s3.put_object(Bucket=BUCKET, Key="mine/contended", Body=b"0")["ETag"]

    def replace(number: int) -> str:
        try:
            s3.put_object(Bucket=BUCKET, Key="mine/contended", Body=str(number).encode(), IfMatch=etag)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "written"

    with ThreadPoolExecutor(12) as pool:
        assert sorted(pool.map(replace, range(1, 13))) == ["PreconditionFailed"] * 11 + ["written"]


def test_campaigns_of_a_tenant_that_are_approved_at_the_same_moment_lose_nothing(account: Account) -> None:
    recent = S3RecentTexts(account.root("s3"), BUCKET)
    every = [numbered(ACME, number) for number in range(6)]
    with ThreadPoolExecutor(len(every)) as pool:
        list(pool.map(lambda key: recent.add(key, [key.campaign_id]), every))
    newest = [key.campaign_id for key in reversed(every)][:CAMPAIGNS]
    assert [campaign.campaign_id for campaign in recent.of_tenant(ACME).campaigns] == newest


def test_the_account_itself_is_told_that_an_object_is_missing(account: Account) -> None:
    assert code(account.root("s3").get_object, Bucket=BUCKET, Key="mine/gone") == "NoSuchKey"


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        # The ARN of a secret that does not exist has no six characters behind it.
        (f"{SECRET}missing-??????", "AccessDeniedException"),
        (f"{SECRET}*", "ResourceNotFoundException"),
        (f"{SECRET}missing", "ResourceNotFoundException"),
    ],
)
def test_a_missing_secret_is_asked_for_by_an_arn_without_suffix(account: Account, resource: str, expected: str) -> None:
    account.may({"Action": "secretsmanager:GetSecretValue", "Resource": resource})
    assert code(account.client("secretsmanager").get_secret_value, SecretId="team/missing") == expected


def test_a_secret_that_is_there_is_asked_for_by_its_whole_arn(account: Account) -> None:
    account.root("secretsmanager").create_secret(Name="team/there", SecretString="value")
    account.may({"Action": "secretsmanager:GetSecretValue", "Resource": f"{SECRET}there-??????"})
    assert account.client("secretsmanager").get_secret_value(SecretId="team/there")["SecretString"] == "value"
    account.may({"Action": "secretsmanager:GetSecretValue", "Resource": f"{SECRET}there"})
    assert code(account.client("secretsmanager").get_secret_value, SecretId="team/there") == "AccessDeniedException"


def test_a_key_is_used_under_the_context_that_is_granted(account: Account) -> None:
    key = account.root("kms").create_key()["KeyMetadata"]
    equals = {"kms:EncryptionContext:purpose": "sealing"}
    account.may(
        {"Action": ["kms:Encrypt", "kms:Decrypt"], "Resource": key["Arn"], "Condition": {"StringEquals": equals}}
    )
    kms = account.client("kms")
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"token", EncryptionContext={"purpose": "sealing"})
    opened = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext={"purpose": "sealing"})
    assert opened["Plaintext"] == b"token"
    assert code(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"token") == "AccessDeniedException"
    other = {"purpose": "something else"}
    assert code(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"token", EncryptionContext=other) == "AccessDeniedException"
