"""What a deployment would create, read from its templates, and whether its names are taken in the account and
region."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from local.aws import Clients


class Wanted(NamedTuple):
    """What the templates of a cloud assembly would create."""

    templates: Mapping[str, Mapping[str, Any]]
    """By the name of the stack."""
    bootstrap: tuple[str, int]
    """The parameter with the version of the CDK's bootstrap stack, and the version that is needed."""

    @classmethod
    def read(cls, assembly: Path) -> "Wanted":
        artifacts = json.loads((assembly / "manifest.json").read_text())["artifacts"].values()
        stacks = [each["properties"] for each in artifacts if each["type"] == "aws:cloudformation:stack"]
        return cls(
            {
                stack["templateFile"].removesuffix(".template.json"): json.loads(
                    (assembly / stack["templateFile"]).read_text()
                )
                for stack in stacks
            },
            (
                stacks[0]["bootstrapStackVersionSsmParameter"],
                max(stack["requiresBootstrapStackVersion"] for stack in stacks),
            ),
        )

    def properties(self, kind: str) -> list[dict[str, Any]]:
        """The properties of every resource of a type."""
        return [
            resource.get("Properties", {})
            for template in self.templates.values()
            for resource in template["Resources"].values()
            if resource["Type"] == kind
        ]

    def environment(self, variable: str) -> str | None:
        """The value of that environment variable of the Lambdas."""
        functions = self.properties("AWS::Lambda::Function")
        values = [function["Environment"]["Variables"].get(variable) for function in functions]
        return next((value for value in values if value), None)


_ABSENT = frozenset({"NotFoundException", "ParameterNotFound", "ResourceNotFoundException", "ValidationError"})
"""CloudFormation reports a stack that does not exist as a validation error."""


def found(ask: Callable[[], Any]) -> Any:
    """The answer, or ``None`` if the thing does not exist."""
    try:
        return ask()
    except ClientError as error:
        if error.response["Error"]["Code"] not in _ABSENT:
            raise
        return None


THERE = "exists already and does not belong to this stage"
LEAVING = "is scheduled for deletion; its name is taken until then"
TODO = {
    THERE: "deploy with CONTEXT='prefix=…-'; or, if a deleted stack kept it, import it (`cdk import`) or delete it",
    LEAVING: "`aws secretsmanager restore-secret`, then import it; or wait, or deploy with CONTEXT='prefix=…-'",
}


class Look(NamedTuple):
    """How resources of a type are found: the property with the name, and a function that finds one by name."""

    field: str
    action: str
    find: Callable[[Clients, str], str | None]


def _secret(client: Clients, name: str) -> str | None:
    secret = found(lambda: client("secretsmanager").describe_secret(SecretId=name))
    return None if secret is None else LEAVING if secret.get("DeletedDate") else THERE


def _by(service: str, operation: str, argument: str) -> Callable[[Clients, str], str | None]:
    """Finds it by reading it."""

    def find(client: Clients, name: str) -> str | None:
        return THERE if found(lambda: getattr(client(service), operation)(**{argument: name})) is not None else None

    return find


def _among(service: str, operation: str, items: str, item: str, **only: str) -> Callable[[Clients, str], str | None]:
    """Finds it in a list, by name or by the end of its ARN; ``only`` are filters for the list, with ``{name}`` in
    them."""

    def find(client: Clients, name: str) -> str | None:
        narrowed = {key: value.format(name=name) for key, value in only.items()}
        pages = client(service).get_paginator(operation).paginate(**narrowed)
        every = {str(each[item]).rpartition(":")[2] for page in pages for each in page[items]}
        return THERE if name in every else None

    return find


LOOKS: dict[str, Look] = {
    "AWS::Logs::LogGroup": Look(
        "LogGroupName",
        "logs:DescribeLogGroups",
        _among("logs", "describe_log_groups", "logGroups", "logGroupName", logGroupNamePrefix="{name}"),
    ),
    "AWS::DynamoDB::Table": Look("TableName", "dynamodb:DescribeTable", _by("dynamodb", "describe_table", "TableName")),
    "AWS::Lambda::Function": Look(
        "FunctionName",
        "lambda:GetFunctionConfiguration",
        _by("lambda", "get_function_configuration", "FunctionName"),
    ),
    "AWS::SecretsManager::Secret": Look("Name", "secretsmanager:DescribeSecret", _secret),
    "AWS::StepFunctions::StateMachine": Look(
        "StateMachineName",
        "states:ListStateMachines",
        _among("stepfunctions", "list_state_machines", "stateMachines", "name"),
    ),
    "AWS::SNS::Topic": Look("TopicName", "sns:ListTopics", _among("sns", "list_topics", "Topics", "TopicArn")),
    "AWS::SES::ConfigurationSet": Look(
        "Name", "ses:GetConfigurationSet", _by("sesv2", "get_configuration_set", "ConfigurationSetName")
    ),
    "AWS::SSM::Parameter": Look("Name", "ssm:GetParameter", _by("ssm", "get_parameter", "Name")),
}
