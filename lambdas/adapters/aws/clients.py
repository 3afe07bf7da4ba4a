"""boto3 clients, one per service and process, and the mapping of AWS's errors to this project's.

``AWS_ENDPOINT_URL``, ``AWS_REGION`` and credentials are read by boto3 itself when the first client is created.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, overload

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectTimeoutError, HTTPClientError, ReadTimeoutError
from botocore.exceptions import ConnectionError as NoConnectionError

from lambdas.domain.errors import (
    ConcurrentUpdateError,
    DependencyTimeoutError,
    DependencyUnavailableError,
    RetryableError,
    ThrottledError,
)

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

SDK_ATTEMPTS = 5
"""Attempts of each request by the SDK itself, including the first, before a step sees an error."""

_ONCE = frozenset({"sesv2", "sns"})
"""Services that send messages to people. One attempt, because none of their calls has an idempotency key, and botocore
repeats read timeouts by default, although the message may have been sent (``TransientRetryableChecker`` in
botocore/retries/standard.py; docs.aws.amazon.com/boto3/latest/guide/retries.html). The sender decides what is tried
again: only a refusal that was received."""

_CONNECT_SECONDS = 2
_READ_SECONDS = 10
"""Every service except a model answers within milliseconds."""

_THROTTLING = frozenset(
    {
        # botocore.retries.standard.ThrottledRetryableChecker, without those of services not used here
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "RequestThrottledException",
        "RequestThrottled",
        "TooManyRequestsException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "SlowDown",
        # the spelling in DynamoDB batch statements and in the reasons of a cancelled transaction
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        # Step Functions: too many open executions
        "ExecutionLimitExceeded",
    }
)
_TIMEOUT = frozenset({"RequestTimeout", "RequestTimeoutException", "ModelTimeoutException"})
_UNAVAILABLE = frozenset({"InternalServerError", "InternalError", "ServiceUnavailable", "ServiceUnavailableException"})
_CONFLICT = frozenset({"TransactionConflict", "TransactionConflictException", "TransactionInProgressException"})


@overload
def client(service: Literal["bedrock-runtime"], read_seconds: int, tries: int) -> "BedrockRuntimeClient": ...
@overload
def client(service: Literal["dynamodb"]) -> "DynamoDBClient": ...
@overload
def client(service: Literal["kms"]) -> "KMSClient": ...
@overload
def client(service: Literal["lambda"]) -> "LambdaClient": ...
@overload
def client(service: Literal["s3"]) -> "S3Client": ...
@overload
def client(service: Literal["secretsmanager"]) -> "SecretsManagerClient": ...
@overload
def client(service: Literal["sesv2"]) -> "SESV2Client": ...
@overload
def client(service: Literal["sns"]) -> "SNSClient": ...
@overload
def client(service: Literal["ssm"]) -> "SSMClient": ...
@overload
def client(service: Literal["stepfunctions"]) -> "SFNClient": ...
def client(service: str, read_seconds: int = _READ_SECONDS, tries: int | None = None) -> Any:
    """The process's client of a service, created at the first call, because that takes tens of milliseconds.

    Each of the ``tries`` of a request may take ``read_seconds``; botocore also retries after a timeout.
    """
    with _making:
        return _make(service, read_seconds, tries or (1 if service in _ONCE else SDK_ATTEMPTS))


_making = Lock()  # boto3's default session may be used by one thread at a time


@cache
def _make(service: str, read_seconds: int, tries: int) -> Any:
    config = Config(
        retries={"mode": "standard", "total_max_attempts": tries},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        tcp_keepalive=True,
        max_pool_connections=25,
    )
    make: Any = boto3.client  # its overloads need a literal
    return make(service, config=config)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turn temporary AWS errors into a ``RetryableError``; all others are raised unchanged.

    Works as a ``with`` block and as a decorator.
    """
    try:
        yield
    except (ConnectTimeoutError, ReadTimeoutError) as error:
        raise DependencyTimeoutError(str(error)) from error
    except (NoConnectionError, HTTPClientError) as error:
        raise DependencyUnavailableError(str(error)) from error
    except ClientError as error:
        retryable = meaning(error)
        if retryable is None:
            raise
        raise retryable(str(error)) from error


def error_code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


def meaning(error: ClientError) -> type[RetryableError] | None:
    """The class as which ``translate_errors`` raises an error; ``None`` if AWS refused the request for good."""
    code, status = error_code(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLING or status == 429:
        return ThrottledError
    if code in _TIMEOUT:
        return DependencyTimeoutError
    if code in _CONFLICT:
        return ConcurrentUpdateError
    if code in _UNAVAILABLE or status >= 500:
        return DependencyUnavailableError
    return None
