"""A deployed stack, as its stack file describes it: URLs, AWS clients, bearer tokens of its API.

The stack file is JSON. ``make up`` writes one for the local stack, ``make stack-file`` for a stage in an AWS account::

    {"apiUrl", "region", "prefix", "table", "bucket", "alertTopic", "stateMachines": {"build": arn},
     "functions": {"build-campaign": arn, ...}, "secrets": {"api": arn, "approval": arn}}

``functions`` are named without the stage's ``prefix``. Only a local stack has ``endpointUrl``, ``consoleUrl`` and
``inboxUrl``.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from lambdas.adapters.aws.parameters import parse_key_set
from lambdas.domain.ids import TenantId
from lambdas.domain.models.access import Caller, KeySet, Role
from lambdas.services.tokens import sign_api_token
from local import aws

TOKEN_LIFETIME = timedelta(hours=12)
STACKS = ("campaign-data", "campaign-workflow", "campaign-api", "campaign-recovery")
_MACHINE_OUTPUTS = {"build": "BuildStateMachineArn", "run": "RunStateMachineArn"}
_NEEDED = frozenset({"apiUrl", "region", "prefix", "table", "bucket", "alertTopic", "stateMachines", "secrets"})


class TargetError(RuntimeError):
    """There is no such stack, or its stack file is not usable; the message says what to do."""


@dataclass
class Target:
    """``info`` is the content of the stack file."""

    info: dict[str, Any]

    @classmethod
    def load(cls, file: Path) -> "Target":
        """Raises ``TargetError``."""
        return cls(read(file))

    @property
    def api_url(self) -> str:
        return str(self.info["apiUrl"])

    def client(self, service: str) -> Any:
        """A boto3 client: with root credentials for the emulator, or with your environment's for AWS."""
        endpoint = self.info.get("endpointUrl")
        return aws.client(service, endpoint) if endpoint else aws.account_client(service, self.info["region"])

    def token(self, tenant: str, role: str, *, lifetime: timedelta = TOKEN_LIFETIME) -> str:
        """A bearer token, signed with the key that the authorizer verifies with."""
        return api_token(self.client("secretsmanager"), self.info["secrets"]["api"], tenant, role, lifetime=lifetime)

    def approval_keys(self) -> KeySet:
        """The keys that reviewers' links are signed with."""
        return key_set(self.client("secretsmanager"), self.info["secrets"]["approval"])


def read(file: Path) -> dict[str, Any]:
    """The content of a stack file; raises ``TargetError`` if it is not one or was written by an older version."""
    try:
        info = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        raise TargetError(f"{file} is no stack file: {error}") from None
    if not isinstance(info, dict) or (missing := sorted(_NEEDED - set(info))):
        lacks = f"lacks {', '.join(missing)}" if isinstance(info, dict) else "is not a JSON object"
        raise TargetError(f"{file} {lacks}: write it again with `make up`, or for an account with `make stack-file`")
    return info


def write(file: Path, info: dict[str, Any]) -> None:
    scratch = file.with_suffix(".tmp")
    scratch.write_text(json.dumps(info, indent=2) + "\n")
    scratch.replace(file)


def key_set(secrets: Any, secret_id: str) -> KeySet:
    return parse_key_set(secrets.get_secret_value(SecretId=secret_id)["SecretString"])


def api_token(secrets: Any, secret_id: str, tenant: str, role: str, *, lifetime: timedelta = TOKEN_LIFETIME) -> str:
    """A bearer token of the API whose signing keys are in the secret, locally or on AWS."""
    caller = Caller(tenant_id=TenantId(tenant), role=Role(role), subject=f"{role}@{tenant}.example")
    now = datetime.now(UTC)
    return sign_api_token(key_set(secrets, secret_id), caller, now=now, expires=now + lifetime)


def describe(client: aws.Clients, prefix: str = "") -> dict[str, Any]:
    """The content of the stack file for the stage whose names begin with ``prefix``, read from CloudFormation.

    The API's URL is the one used in mailed links (an SSM parameter, which you may have changed to your own domain).
    Raises ``TargetError`` if a stack of the stage does not exist.
    """
    cloudformation = client("cloudformation")
    outputs: dict[str, str] = {}
    resources: list[tuple[str, str]] = []
    for name in STACKS:
        outputs |= _outputs(cloudformation, prefix + name)
        pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=prefix + name)
        resources += [
            (resource["ResourceType"], resource["PhysicalResourceId"])
            for page in pages
            for resource in page["StackResourceSummaries"]
        ]
    machines = {name: outputs[key] for name, key in _MACHINE_OUTPUTS.items() if key in outputs}
    partition, _, region, account = machines["build"].split(":")[1:5]
    functions = sorted(name for kind, name in resources if kind == "AWS::Lambda::Function")
    alerts = f"{prefix}campaign-alerts"
    parameter = client("ssm").get_parameter(Name=outputs["ApprovalBaseUrlParameterName"])
    return {
        "apiUrl": str(parameter["Parameter"]["Value"]).rstrip("/"),
        "region": region,
        "prefix": prefix,
        "table": outputs["TableName"],
        "bucket": outputs["ManifestBucketName"],
        "alertTopic": f"arn:{partition}:sns:{region}:{account}:{alerts}",
        "stateMachines": machines,
        "functions": {
            name.removeprefix(prefix): f"arn:{partition}:lambda:{region}:{account}:function:{name}"
            for name in functions
        },
        "secrets": {"api": outputs["ApiKeysSecretArn"], "approval": outputs["ApprovalKeysSecretArn"]},
    }


def _outputs(cloudformation: Any, stack: str) -> dict[str, str]:
    try:
        (described,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        # "Stack with id … does not exist" is reported as ValidationError, as are invalid names
        # (docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_DescribeStacks.html).
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        message = "deploy it with `make deploy`, or name its stage with PREFIX="
        raise TargetError(f"there is no stack {stack} in this account and region: {message}") from None
    return {output["OutputKey"]: output["OutputValue"] for output in described.get("Outputs", [])}
