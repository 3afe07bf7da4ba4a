"""What an account needs once: the role with which API Gateway logs, made where there is none, and else left alone."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from local.aws import ROLE, log_role, prepare_logs


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        yield


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name="eu-central-1")


def test_the_account_is_prepared_once_and_a_role_that_is_set_stays() -> None:
    assert log_role(client) is None
    assert "now writes" in prepare_logs(client)
    role = log_role(client)
    assert role is not None
    assert role.endswith(f":role/{ROLE}")
    assert "already" in prepare_logs(client)
    (policy,) = client("iam").list_attached_role_policies(RoleName=ROLE)["AttachedPolicies"]
    assert policy["PolicyName"] == "AmazonAPIGatewayPushToCloudWatchLogs"
    other = role.replace(ROLE, "somebody-elses")
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": other}
    client("apigateway").update_account(patchOperations=[change])
    prepare_logs(client)
    assert log_role(client) == other


def test_another_region_gets_the_same_role() -> None:
    def elsewhere(service: str) -> Any:
        make: Any = boto3.client
        return make(service, region_name="us-east-1")

    prepare_logs(client)
    prepare_logs(elsewhere)
    assert log_role(elsewhere) == log_role(client)


def test_a_new_role_is_waited_for() -> None:
    """IAM tells the rest of AWS of it within seconds; API Gateway says meanwhile that it may not assume it."""
    tried: list[int] = []

    class NotYet:
        def get_account(self) -> Any:
            return client("apigateway").get_account()

        def update_account(self, **request: Any) -> Any:
            tried.append(1)
            if len(tried) < 3:
                raise ClientError({"Error": {"Code": "BadRequestException", "Message": "no"}}, "UpdateAccount")
            return client("apigateway").update_account(**request)

    slept: list[float] = []
    prepare_logs(lambda service: NotYet() if service == "apigateway" else client(service), slept.append)
    assert len(slept) == 2
    assert log_role(client) is not None


def test_a_role_that_stays_unusable_is_an_error() -> None:
    class Never:
        def get_account(self) -> Any:
            return {}

        def update_account(self, **_: Any) -> Any:
            raise ClientError({"Error": {"Code": "BadRequestException", "Message": "no"}}, "UpdateAccount")

    with pytest.raises(ClientError, match="BadRequestException"):
        prepare_logs(lambda service: Never() if service == "apigateway" else client(service), lambda _: None)
