"""The synthesised stacks, created or updated in the emulator as CloudFormation would in AWS."""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local import aws
from local.assets import publish, read_manifest, resolve
from local.process import LocalStackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

_BOOTSTRAP = ("/cdk-bootstrap/hnb659fds/version", "21")
"""CDK's templates check that the account was bootstrapped; the local one needs nothing more of CDK than this."""
_LOGS_ROLE = "api-gateway-logs"
_LOGS_POLICY = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
_TAG = "template-hash"
_LIMIT_SECONDS = 180.0
_RENEWABLE = (None, "ROLLBACK_COMPLETE", "DELETE_COMPLETE")
_UPDATABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


@dataclass(frozen=True)
class StackArtifact:
    """A stack of the assembly."""

    name: str
    template: Path
    template_object: str
    """``bucket/key`` of the template once its assets are published. Inline templates end at 51,200 bytes."""
    assets: Path

    @property
    def template_hash(self) -> str:
        return hashlib.sha256(self.template.read_bytes()).hexdigest()


def read_assembly(assembly: Path) -> list[StackArtifact]:
    """The stacks, each after those it depends on."""
    artifacts: dict[str, dict[str, Any]] = json.loads((assembly / "manifest.json").read_text())["artifacts"]
    stacks = {name: entry for name, entry in artifacts.items() if entry["type"] == "aws:cloudformation:stack"}
    graph = {name: [d for d in entry.get("dependencies", []) if d in stacks] for name, entry in stacks.items()}
    return [
        StackArtifact(
            name=stacks[name]["properties"].get("stackName", name),
            template=assembly / stacks[name]["properties"]["templateFile"],
            template_object=resolve(stacks[name]["properties"]["stackTemplateAssetObjectUrl"]).removeprefix("s3://"),
            assets=assembly / f"{name}.assets.json",
        )
        for name in TopologicalSorter(graph).static_order()
    ]


def deploy(assembly: Path, endpoint_url: str, *, cache: Path, say: Callable[[str], None]) -> dict[str, str]:
    """Bring every stack to its template and answer all outputs by name."""
    cloudformation: CloudFormationClient = aws.client("cloudformation", endpoint_url)
    s3 = aws.client("s3", endpoint_url)
    bootstrap(endpoint_url)
    outputs: dict[str, str] = {}
    for stack in read_assembly(assembly):
        if _describe(cloudformation, stack.name).get("hash") != stack.template_hash:
            say(f"deploying {stack.name}")
            publish(s3, read_manifest(stack.assets), cache)
            _apply(cloudformation, stack, f"{endpoint_url}/{stack.template_object}")
        outputs |= _describe(cloudformation, stack.name)["outputs"]
    return outputs


def bootstrap(endpoint_url: str) -> None:
    """Prepare the local account as ``make bootstrap`` prepares one of AWS; it may be done again.

    API Gateway writes its logs under a role of the account
    (docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html).
    """
    aws.client("ssm", endpoint_url).put_parameter(
        Name=_BOOTSTRAP[0], Value=_BOOTSTRAP[1], Type="String", Overwrite=True
    )
    gateway, roles = aws.client("apigateway", endpoint_url), aws.client("iam", endpoint_url)
    if gateway.get_account().get("cloudwatchRoleArn"):
        return
    may_assume = {"Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [may_assume]})
    try:
        role = roles.create_role(RoleName=_LOGS_ROLE, AssumeRolePolicyDocument=trust)
    except roles.exceptions.EntityAlreadyExistsException:
        role = roles.get_role(RoleName=_LOGS_ROLE)
    roles.attach_role_policy(RoleName=_LOGS_ROLE, PolicyArn=_LOGS_POLICY)
    patch = {"op": "replace", "path": "/cloudwatchRoleArn", "value": role["Role"]["Arn"]}
    gateway.update_account(patchOperations=[patch])


def _describe(cloudformation: "CloudFormationClient", name: str) -> dict[str, Any]:
    """``{status, outputs, hash?}``, empty when there is no such stack. The hash is of a finished deployment only."""
    try:
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return {}
        raise
    found: dict[str, Any] = {
        "status": stack["StackStatus"],
        "outputs": {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
    }
    if stack["StackStatus"] in _DONE:
        found["hash"] = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}.get(_TAG)
    return found


def _apply(cloudformation: "CloudFormationClient", stack: StackArtifact, template_url: str) -> None:
    status = _describe(cloudformation, stack.name).get("status")
    request: dict[str, Any] = {
        "StackName": stack.name,
        "TemplateURL": template_url,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Tags": [{"Key": _TAG, "Value": stack.template_hash}],
    }
    if status in _RENEWABLE:
        cloudformation.create_stack(**request)
    elif status in _UPDATABLE:
        cloudformation.update_stack(**request)
    else:
        raise LocalStackError(f"stack {stack.name} is {status} from an earlier attempt; `make clean` starts afresh")
    _wait(cloudformation, stack.name)


def _wait(cloudformation: "CloudFormationClient", name: str) -> None:
    deadline = time.monotonic() + _LIMIT_SECONDS
    while (status := _describe(cloudformation, name)["status"]).endswith("_IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise LocalStackError(f"stack {name} is still {status} after {_LIMIT_SECONDS:.0f} s")
        time.sleep(0.1)
    if status not in _DONE:
        raise LocalStackError(f"stack {name} ended as {status}: {_first_failure(cloudformation, name)}")


def _first_failure(cloudformation: "CloudFormationClient", name: str) -> str:
    """The resource that failed first; those after it were only cancelled."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    events = [event for page in pages for event in page["StackEvents"]]
    for event in reversed(events):  # they come newest first
        if event.get("ResourceStatus", "").endswith("_FAILED"):
            what = f"{event.get('LogicalResourceId')} ({event.get('ResourceType')})"
            return f"{what}: {event.get('ResourceStatusReason', 'no reason given')}"
    return "no resource reported why"
