"""What holds for the templates as a whole."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.process import ROOT
from stacks.dependency_layer import AWS_PYTHON, build_layer
from tests.infra.conftest import ON_AWS
from tests.infra.templates import Assembly, text

PLACES = re.compile(
    r"\b\d{12}\b|localhost|127\.0\.0\.1|\b4566\b|ministack|localstack|\b(us|eu|ap|sa|ca|af|me)-[a-z]+-\d\b",
    re.IGNORECASE,
)
"""An account, an emulator, a region."""


def test_there_are_four_stacks_with_the_prefix_of_the_stage(local: Assembly, aws: Assembly) -> None:
    assert set(local.templates) == {"campaign-data", "campaign-workflow", "campaign-api", "campaign-recovery"}
    assert set(aws.templates) == {f"stage-{name}" for name in local.templates}


def reports(assembly: Assembly) -> list[dict[str, Any]]:
    """Of cdk-nag, and of the CDK's own validation where that found something."""
    found: list[dict[str, Any]] = json.loads((assembly.directory / "validation-report.json").read_text())[
        "pluginReports"
    ]
    return found


def test_neither_cdk_nag_nor_the_cdk_has_anything_to_say(both: Assembly) -> None:
    assert "AwsSolutions" in {report["pluginName"] for report in reports(both)}
    for report in reports(both):
        assert (report["conclusion"], report["violations"]) == ("success", [])


def test_what_is_acknowledged_has_a_reason(both: Assembly) -> None:
    for report in reports(both):
        assert report["suppressedViolations"]
        for finding in report["suppressedViolations"]:
            assert len(finding["reason"].split()) >= 5, finding["acknowledgedId"]


def test_cfn_lint_has_nothing_to_say(aws: Assembly) -> None:
    paths = sorted(map(str, aws.directory.glob("*.template.json")))
    linter = Path(sys.executable).parent / "cfn-lint"
    result = subprocess.run(
        [linter, "--config-file", ".cfnlintrc.yaml", "--", *paths],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, "")


def test_no_template_knows_where_it_will_be(both: Assembly) -> None:
    """The same template goes to any account, any region and the emulator."""
    for name, template in both.templates.items():
        assert not PLACES.search(re.sub(r"[0-9a-f]{64}", "", json.dumps(template))), name


def test_arns_name_the_partition(both: Assembly) -> None:
    for name, template in both.templates.items():
        assert "arn:aws" not in json.dumps(template), name


def test_what_keeps_data_outlives_its_stack(both: Assembly) -> None:
    (data,) = [template for name, template in both.templates.items() if name.endswith("campaign-data")]
    kept = {resource["Type"] for resource in data["Resources"].values() if resource.get("DeletionPolicy") == "Retain"}
    assert kept == {"AWS::KMS::Key", "AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"}
    kinds = {resource["Type"] for resource in data["Resources"].values()}
    assert kinds - kept == {"AWS::S3::BucketPolicy"}


def test_every_physical_name_has_the_prefix(aws: Assembly) -> None:
    named = {
        "AWS::DynamoDB::Table": "TableName",
        "AWS::Lambda::Function": "FunctionName",
        "AWS::StepFunctions::StateMachine": "StateMachineName",
        "AWS::SecretsManager::Secret": "Name",
        "AWS::SSM::Parameter": "Name",
        "AWS::Logs::LogGroup": "LogGroupName",
        "AWS::ApiGateway::RestApi": "Name",
    }
    for kind, field in named.items():
        for properties in aws.resources(kind).values():
            assert re.search(rf"(^|/){re.escape(ON_AWS['prefix'])}", text(properties[field])), properties[field]


def test_the_two_assemblies_differ_in_their_options_only(local: Assembly, aws: Assembly) -> None:
    def kinds(assembly: Assembly) -> list[str]:
        return sorted(
            resource["Type"]
            for template in assembly.templates.values()
            for name, resource in template["Resources"].items()
            if "InternalRole" not in name
        )

    assert kinds(local) == kinds(aws)


def test_tracing_is_a_switch(local: Assembly, aws: Assembly) -> None:
    for assembly, on in ((local, False), (aws, True)):
        assert assembly.only("AWS::StepFunctions::StateMachine")["TracingConfiguration"] == {"Enabled": on}
        assert assembly.only("AWS::ApiGateway::Stage").get("TracingEnabled", False) is on
        for function in assembly.functions.values():
            assert (function.get("TracingConfig") == {"Mode": "Active"}) is on


@pytest.mark.parametrize("package", ["pydantic_core", "regex"])
def test_the_layer_for_aws_is_built_for_lambdas_python_on_arm(package: str, aws: Assembly) -> None:
    """Compiled extensions carry the interpreter and the architecture in their names."""
    extensions = [path.name for path in (build_layer("aws") / "python" / package).glob("*.so")]
    assert extensions
    tag = f"cpython-{AWS_PYTHON.replace('.', '')}-aarch64-linux-gnu"
    assert all(tag in name or ".abi3." in name for name in extensions), extensions
    assert {function["Runtime"] for function in aws.functions.values()} == {f"python{AWS_PYTHON}"}
    assert {tuple(function["Architectures"]) for function in aws.functions.values()} == {("arm64",)}


def test_the_code_asset_holds_the_lambdas_and_the_pictures_and_nothing_else(aws: Assembly) -> None:
    (folder,) = [path for path in aws.directory.glob("asset.*") if (path / "lambdas").is_dir()]
    shipped = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    ours = {
        path.relative_to(ROOT)
        for directory in ("lambdas", "statemachine/pictures")
        for path in (ROOT / directory).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped == ours
    assert any(path.suffix == ".svg" for path in shipped)
