"""Deploys the synthesised stacks to the emulator, as CloudFormation would to AWS, with their files in S3.

``release`` puts Lambdas that were changed by hand into use as a deployment does: each as a new version, with a new
version of the workflow.
"""

import hashlib
import json
import os
import re
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local import aws
from local.emulator.config import ACCOUNT_ID, REGION
from local.process import LocalStackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_s3 import S3Client


LIVE = "live"
"""The alias of the current version of a Lambda or a state machine."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can contain, so that archives of the same files are identical."""


@dataclass(frozen=True)
class FileAsset:
    source: Path
    zipped: bool
    bucket: str
    key: str


def read_manifest(manifest: Path) -> list[FileAsset]:
    """The file assets of a stack's ``<stack>.assets.json``."""
    return [
        FileAsset(
            source=manifest.parent / entry["source"]["path"],
            zipped=entry["source"].get("packaging") == "zip",
            bucket=resolve(destination["bucketName"]),
            key=resolve(destination["objectKey"]),
        )
        for entry in json.loads(manifest.read_text())["files"].values()
        for destination in entry["destinations"].values()
    ]


def publish(s3: "S3Client", assets: list[FileAsset], cache: Path) -> None:
    """Put into S3 what does not exist yet; keys are hashes of the content. Archives are kept in ``cache``."""
    for bucket in sorted({asset.bucket for asset in assets}):
        present = _keys(s3, bucket)
        for asset in assets:
            if asset.bucket == bucket and asset.key not in present:
                file = zipped(asset.source, cache / Path(asset.key).name) if asset.zipped else asset.source
                s3.put_object(Bucket=bucket, Key=asset.key, Body=file.read_bytes())


def zipped(directory: Path, archive: Path) -> Path:
    """``directory`` as an archive that depends only on names, contents and the executable bit."""
    if archive.is_file():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=archive.parent)
    # Light compression is fastest overall, for writing and for unpacking in the emulator.
    with (
        os.fdopen(handle, "wb") as stream,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened,
    ):
        for path in sorted(p for p in directory.rglob("*") if p.is_file() and "__pycache__" not in p.parts):
            entry = zipfile.ZipInfo(path.relative_to(directory).as_posix(), _EPOCH)
            entry.external_attr = (0o100755 if os.access(path, os.X_OK) else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            opened.writestr(entry, path.read_bytes(), compresslevel=1)
    Path(scratch).replace(archive)
    return archive


def _keys(s3: "S3Client", bucket: str) -> set[str]:
    with suppress(s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        s3.create_bucket(Bucket=bucket)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"] for page in pages for item in page.get("Contents", [])}


def resolve(text: str) -> str:
    """``text`` with CloudFormation's placeholders filled in for the local account."""
    for name, value in (("AccountId", ACCOUNT_ID), ("Region", REGION), ("Partition", "aws")):
        text = text.replace(f"${{AWS::{name}}}", value)
    return text


_BOOTSTRAP = ("/cdk-bootstrap/hnb659fds/version", "21")
"""CDK's templates check that the account was bootstrapped; nothing more of the bootstrap is needed locally."""
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
    """Bring every stack up to date with its template and return all outputs by name."""
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
    """Prepare the local account as ``make bootstrap`` prepares one on AWS; it may be repeated."""
    client = partial(aws.client, endpoint_url=endpoint_url)
    client("ssm").put_parameter(Name=_BOOTSTRAP[0], Value=_BOOTSTRAP[1], Type="String", Overwrite=True)
    aws.prepare_logs(client)


def _describe(cloudformation: "CloudFormationClient", name: str) -> dict[str, Any]:
    """``{status, outputs, hash?}``, empty if there is no such stack. The hash is only set after a finished
    deployment."""
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
    """The resource that failed first; later ones were only cancelled."""
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=name)
    events = [event for page in pages for event in page["StackEvents"]]
    for event in reversed(events):  # they come newest first
        if event.get("ResourceStatus", "").endswith("_FAILED"):
            what = f"{event.get('LogicalResourceId')} ({event.get('ResourceType')})"
            return f"{what}: {event.get('ResourceStatusReason', 'no reason given')}"
    return "no resource reported why"


def release(client: aws.Clients, machine: str, functions: Sequence[str]) -> None:
    """Publish the functions as they are, for executions that start from now on; running ones keep their versions."""
    lambdas, states = client("lambda"), client("stepfunctions")
    definition: str = states.describe_state_machine(stateMachineArn=machine)["definition"]
    for name in functions:
        version = lambdas.publish_version(FunctionName=name)["Version"]
        lambdas.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=version)
        definition = re.sub(rf"(:function:{re.escape(name)}:)\d+", rf"\g<1>{version}", definition)
    states.update_state_machine(stateMachineArn=machine, definition=definition)
    published = states.publish_state_machine_version(stateMachineArn=machine)["stateMachineVersionArn"]
    states.update_state_machine_alias(
        stateMachineAliasArn=f"{machine}:{LIVE}",
        routingConfiguration=[{"stateMachineVersionArn": published, "weight": 100}],
    )
