"""Errors of AWS in the domain's words, and one client per service."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from pytest_httpserver import HTTPServer

from lambdas.adapters.aws.clients import _make, client, error_code, translate_errors
from lambdas.domain.errors import (
    CampaignError,
    ConcurrentUpdateError,
    DependencyTimeoutError,
    DependencyUnavailableError,
    NotFoundError,
    ThrottledError,
)

URL = "https://dynamodb.us-east-1.amazonaws.com"


def refused(code: str, status: int = 400) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "why"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "Operation")


@pytest.mark.parametrize(
    ("raised", "meaning"),
    [
        (refused("ThrottlingException"), ThrottledError),
        (refused("ProvisionedThroughputExceededException"), ThrottledError),
        (refused("TooManyRequestsException", 429), ThrottledError),
        (refused("SomethingNew", 429), ThrottledError),
        (refused("SlowDown", 503), ThrottledError),
        (refused("ThrottlingError"), ThrottledError),
        (refused("ExecutionLimitExceeded"), ThrottledError),
        (refused("RequestTimeout"), DependencyTimeoutError),
        (refused("TransactionConflictException"), ConcurrentUpdateError),
        (refused("InternalServerError", 500), DependencyUnavailableError),
        (refused("InternalServerError", 200), DependencyUnavailableError),
        (refused("SomethingNew", 502), DependencyUnavailableError),
        (ReadTimeoutError(endpoint_url=URL), DependencyTimeoutError),
        (ConnectTimeoutError(endpoint_url=URL), DependencyTimeoutError),
        (EndpointConnectionError(endpoint_url=URL), DependencyUnavailableError),
        (ConnectionClosedError(endpoint_url=URL), DependencyUnavailableError),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else str(value)[:60],
)
def test_what_may_pass_becomes_a_retryable_error(raised: Exception, meaning: type[CampaignError]) -> None:
    with pytest.raises(CampaignError) as error, translate_errors():
        raise raised
    assert type(error.value) is meaning
    assert error.value.retryable
    assert error.value.__cause__ is raised


@pytest.mark.parametrize(
    "raised",
    [refused("ValidationException"), refused("AccessDeniedException", 403), NotFoundError("no"), KeyError("k")],
    ids=repr,
)
def test_everything_else_passes_as_it_is(raised: Exception) -> None:
    with pytest.raises(type(raised)) as error, translate_errors():
        raise raised
    assert error.value is raised


def test_decorates_a_function_that_is_called_more_than_once() -> None:
    @translate_errors()
    def call(code: str) -> str:
        if code:
            raise refused(code)
        return "done"

    assert call("") == "done"
    for _ in range(2):
        with pytest.raises(ThrottledError):
            call("Throttling")
    assert call("") == "done"


def test_error_code() -> None:
    assert error_code(refused("TaskTimedOut")) == "TaskTimedOut"
    assert error_code(ClientError({}, "Operation")) == ""


@pytest.fixture
def _region(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    from lambdas.adapters.aws import clients as aws

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    aws._make.cache_clear()
    yield
    aws._make.cache_clear()


@pytest.mark.usefixtures("_region")
def test_one_client_per_service_and_the_endpoint_is_the_environments() -> None:
    assert client("dynamodb") is client("dynamodb")
    assert client("s3").meta.service_model.service_name == "s3"
    assert client("dynamodb").meta.endpoint_url == "http://127.0.0.1:9"
    config: Any = client("dynamodb").meta.config  # set from options, so unknown to the stubs
    slow: Any = client("bedrock-runtime", 60, 2).meta.config
    assert config.max_pool_connections == 25
    assert (slow.read_timeout, slow.retries["total_max_attempts"]) == (60, 2)
    assert (config.read_timeout, config.retries["total_max_attempts"]) == (10, 5)


@pytest.fixture
def broken_aws(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """Every service answers 500, as one does whose answer got lost behind a load balancer."""
    httpserver.expect_request(re.compile(".*")).respond_with_data("", status=500)
    monkeypatch.setenv("AWS_ENDPOINT_URL", httpserver.url_for(""))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    _make.cache_clear()
    yield httpserver
    _make.cache_clear()


def test_what_reaches_people_is_sent_by_one_attempt(broken_aws: HTTPServer) -> None:
    """The SDK would repeat it, though the mail may have gone out."""
    body: Any = {"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}}
    with pytest.raises(ClientError):
        client("sesv2").send_email(Destination={"ToAddresses": ["a@example.com"]}, Content=body)
    with pytest.raises(ClientError):
        client("sns").publish(TopicArn="arn:aws:sns:us-east-1:000000000000:alerts", Message="x")
    assert len(broken_aws.log) == 2


def test_what_reaches_nobody_is_repeated(broken_aws: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    with pytest.raises(ClientError):
        client("ssm").get_parameter(Name="x")
    assert len(broken_aws.log) > 1
