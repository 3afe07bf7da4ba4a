"""Narrow grants: a function gets the single actions it uses, and the key as far as those need it."""

from collections.abc import Sequence
from enum import StrEnum

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_

from stacks.data import DataStack


class Access(StrEnum):
    """What a function may do with the table."""

    GET = "dynamodb:GetItem"
    BATCH_GET = "dynamodb:BatchGetItem"
    PUT = "dynamodb:PutItem"
    UPDATE = "dynamodb:UpdateItem"
    DELETE = "dynamodb:DeleteItem"
    QUERY = "dynamodb:Query"
    PARTIQL_INSERT = "dynamodb:PartiQLInsert"
    PARTIQL_UPDATE = "dynamodb:PartiQLUpdate"


def grant_table(grantee: iam.IGrantable, data: DataStack, access: Sequence[Access]) -> None:
    """Only the named actions, only on the table itself."""
    data.table.grant(grantee, *[action.value for action in access])
    grant_key(grantee, data.key, ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"])


def grant_secret(function: lambda_.Function, data: DataStack, name: str) -> None:
    """Read the secret of that name. Secrets Manager adds six characters of its own to a secret's ARN."""
    arn = Stack.of(function).format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=f"{name}-??????",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    function.add_to_role_policy(iam.PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=[arn]))
    grant_key(function, data.key, ["kms:Decrypt"])


def grant_parameter(function: lambda_.Function, name: str) -> None:
    """Read the Systems Manager parameter of that name."""
    arn = Stack.of(function).format_arn(service="ssm", resource="parameter", resource_name=name.removeprefix("/"))
    function.add_to_role_policy(iam.PolicyStatement(actions=["ssm:GetParameter"], resources=[arn]))


def grant_key(grantee: iam.IGrantable, key: kms.IKey, actions: Sequence[str]) -> None:
    """Use ``key`` for these ``actions``. The key's own policy leaves the decision to IAM."""
    iam.Grant.add_to_principal(grantee=grantee, actions=list(actions), resource_arns=[key.key_arn])
