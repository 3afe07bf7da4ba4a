"""The order of the stacks, and what a failed one says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from local import aws, deploy
from local.process import LocalStackError

TEMPLATE = {
    "Resources": {
        "Parameter": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": {"Fn::Sub": "/${AWS::StackName}"}, "Type": "String", "Value": "1"},
        }
    },
    "Outputs": {"ParameterName": {"Value": {"Ref": "Parameter"}}},
}


def assembly(directory: Path, **stacks: list[str]) -> Path:
    """A cloud assembly of stacks with their dependencies."""
    artifacts: dict[str, Any] = {"Tree": {"type": "cdk:tree"}}
    for name, dependencies in stacks.items():
        (directory / f"{name}.template.json").write_text(json.dumps(TEMPLATE))
        entry = {
            "source": {"path": f"{name}.template.json", "packaging": "file"},
            "destinations": {"x": {"bucketName": "assets", "objectKey": f"{name}.json"}},
        }
        (directory / f"{name}.assets.json").write_text(json.dumps({"files": {name: entry}}))
        artifacts[f"{name}.assets"] = {"type": "cdk:asset-manifest"}
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "dependencies": [*dependencies, f"{name}.assets"],
            "properties": {
                "templateFile": f"{name}.template.json",
                "stackTemplateAssetObjectUrl": f"s3://assets/{name}.json",
            },
        }
    (directory / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return directory


def test_a_stack_comes_after_those_it_needs(tmp_path: Path) -> None:
    artifacts = deploy.read_assembly(assembly(tmp_path, api=["data", "workflow"], workflow=["data"], data=[]))
    assert [artifact.name for artifact in artifacts] == ["data", "workflow", "api"]
    assert artifacts[0].template_object == "assets/data.json"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with mock_aws(config={"iam": {"load_aws_managed_policies": True}}):
        monkeypatch.setattr(aws, "client", lambda service, endpoint_url: boto3.client(service, region_name="us-east-1"))
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield


ENDPOINT = "https://s3.amazonaws.com"


@pytest.mark.usefixtures("cloud")
def test_only_what_changed_is_deployed(tmp_path: Path) -> None:
    said: list[str] = []
    source = assembly(tmp_path, data=[], api=["data"])
    outputs = deploy.deploy(source, ENDPOINT, cache=tmp_path / "cache", say=said.append)
    assert set(outputs) == {"ParameterName"}
    assert said == ["deploying data", "deploying api"]
    said.clear()
    deploy.deploy(source, ENDPOINT, cache=tmp_path / "cache", say=said.append)
    assert said == []
    changed = TEMPLATE | {"Description": "changed"}
    (tmp_path / "api.template.json").write_text(json.dumps(changed))
    boto3.client("s3", region_name="us-east-1").delete_object(Bucket="assets", Key="api.json")
    deploy.deploy(source, ENDPOINT, cache=tmp_path / "cache", say=said.append)
    assert said == ["deploying api"]


class FailedStack:
    """CloudFormation after a stack failed, newest event first as it answers."""

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [{"StackStatus": "ROLLBACK_COMPLETE"}]}

    def get_paginator(self, _: str) -> "FailedStack":
        return self

    def paginate(self, **_: str) -> list[dict[str, Any]]:
        events = [
            ("Second", "CREATE_FAILED", "Resource creation cancelled"),
            ("First", "CREATE_FAILED", "no such key"),
            ("First", "CREATE_IN_PROGRESS", None),
        ]
        return [
            {
                "StackEvents": [
                    {"LogicalResourceId": name, "ResourceType": "T", "ResourceStatus": status}
                    | ({"ResourceStatusReason": reason} if reason else {})
                    for name, status, reason in events
                ]
            }
        ]


def test_the_resource_that_failed_first_is_named() -> None:
    cloudformation: Any = FailedStack()
    with pytest.raises(LocalStackError, match=r"data ended as ROLLBACK_COMPLETE: First \(T\): no such key"):
        deploy._wait(cloudformation, "data")
