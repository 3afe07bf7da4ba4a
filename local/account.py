"""What an AWS account and region need once, before any stack: a role with which API Gateway writes access logs.

The setting is of the account and region and not of an API: deploying a stage that has access logs fails without it
(docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html). It is no part of our stacks, since deleting
one of them would take it from every other API of the account.
"""

import json
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

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
"""A new role is not seen everywhere at once (docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_general.html)."""

Clients = Callable[[str], Any]
"""Makes the client of a service."""


def log_role(client: Clients) -> str | None:
    """The ARN of the role with which API Gateway writes logs in this account and region."""
    return client("apigateway").get_account().get("cloudwatchRoleArn") or None


def prepare_logs(client: Clients, sleep: Callable[[float], None] = time.sleep) -> str:
    """Let API Gateway write logs, and say what was done. A role that is set already stays, whosever it is."""
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
    """One for all regions of the account; made if it is not there."""
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
