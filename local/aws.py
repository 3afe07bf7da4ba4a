"""boto3 clients, the setting that an account needs once, and the history of an execution.

API Gateway writes access logs with a role that is set for the account and region, not for an API: deploying a stage
with access logs fails without it (docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html). It does
not belong to our stacks, because deleting a stack would remove it for every other API of the account.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.emulator.config import REGION, ROOT_ACCESS_KEY

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_CONFIG = Config(retries={"mode": "standard", "max_attempts": 3}, connect_timeout=5, read_timeout=60)


def session() -> boto3.session.Session:
    """A session of the local account's root, whatever profile the environment names."""
    return boto3.session.Session(
        aws_access_key_id=ROOT_ACCESS_KEY, aws_secret_access_key=ROOT_ACCESS_KEY, region_name=REGION
    )


def client(service: str, endpoint_url: str) -> Any:
    config = _CONFIG
    if service == "s3":
        config = _CONFIG.merge(Config(s3={"addressing_style": "path"}))
    return session().client(service, endpoint_url=endpoint_url, config=config)  # type: ignore[call-overload]  # the name is dynamic


def account_client(service: str, region: str | None = None) -> Any:
    """A client with the credentials of your environment; without ``region``, in their default region."""
    return boto3.session.Session(region_name=region).client(service, config=_CONFIG)  # type: ignore[call-overload]  # the name is dynamic


ROLE = "ApiGatewayCloudWatchLogs"
_POLICY = "service-role/AmazonAPIGatewayPushToCloudWatchLogs"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
_TRIES = 12
_PAUSE_SECONDS = 5.0
"""A new role is not visible everywhere at once (docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html)."""

Clients = Callable[[str], Any]
"""Makes the client of a service."""


def log_role(client: Clients) -> str | None:
    """The ARN of the role with which API Gateway writes logs in this account and region."""
    return client("apigateway").get_account().get("cloudwatchRoleArn") or None


def prepare_logs(client: Clients, sleep: Callable[[float], None] = time.sleep) -> str:
    """Let API Gateway write logs, and return what was done. A role that is set already is kept."""
    role = log_role(client)
    if role:
        return f"API Gateway writes logs with {role} already"
    role = _role(client)
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role}
    for left in reversed(range(_TRIES)):
        try:
            client("apigateway").update_account(patchOperations=[change])
            break
        except ClientError as error:
            if error.response["Error"]["Code"] != "BadRequestException" or not left:
                raise
            sleep(_PAUSE_SECONDS)
    return f"API Gateway now writes logs with {role}"


def _role(client: Clients) -> str:
    """One role for all regions of the account; created if it does not exist."""
    iam = client("iam")
    try:
        role = iam.create_role(
            RoleName=ROLE,
            AssumeRolePolicyDocument=json.dumps(_TRUST),
            Description="API Gateway writes its logs; a setting of the account, used by every API",
        )["Role"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "EntityAlreadyExists":
            raise
        role = iam.get_role(RoleName=ROLE)["Role"]
    arn = str(role["Arn"])
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=f"arn:{arn.split(':')[1]}:iam::aws:policy/{_POLICY}")
    return arn


@dataclass(frozen=True)
class StateVisit:
    """One visit of a state; ``left`` is ``None`` while the execution is in it or if it failed there."""

    name: str
    entered: datetime
    left: datetime | None

    @property
    def seconds(self) -> float | None:
        return None if self.left is None else (self.left - self.entered).total_seconds()


def events(states: "SFNClient", execution_arn: str) -> list[dict[str, Any]]:
    """All history events, oldest first."""
    pages = states.get_paginator("get_execution_history").paginate(executionArn=execution_arn)
    return [dict(event) for page in pages for event in page["events"]]


def visits(history: list[dict[str, Any]]) -> list[StateVisit]:
    """The visits in the order they began."""
    found: list[StateVisit] = []
    for event in history:
        if "stateEnteredEventDetails" in event:
            found.append(StateVisit(event["stateEnteredEventDetails"]["name"], event["timestamp"], None))
        elif "stateExitedEventDetails" in event:
            name = event["stateExitedEventDetails"]["name"]
            for index in range(len(found) - 1, -1, -1):
                if found[index].name == name and found[index].left is None:
                    found[index] = StateVisit(name, found[index].entered, event["timestamp"])
                    break
    return found


def failure(history: list[dict[str, Any]]) -> str | None:
    """``error: cause`` of the last failure in the history."""
    for event in reversed(history):
        for key, details in event.items():
            if key.endswith("FailedEventDetails") and isinstance(details, dict) and details.get("error"):
                return f"{details['error']}: {details.get('cause', '')}"
    return None
