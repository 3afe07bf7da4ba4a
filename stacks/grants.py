"""Narrow grants: a function gets the single actions it uses, and the key as far as those need it."""

from collections.abc import Sequence
from enum import StrEnum

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_secretsmanager as secrets

from stacks.data import DataStack


class Access(StrEnum):
    """What a function may do with the table."""

    GET = "dynamodb:GetItem"
    BATCH_GET = "dynamodb:BatchGetItem"
    PUT = "dynamodb:PutItem"
    UPDATE = "dynamodb:UpdateItem"
    DELETE = "dynamodb:DeleteItem"
    QUERY = "dynamodb:Query"
    CONDITION_CHECK = "dynamodb:ConditionCheckItem"
    PARTIQL_INSERT = "dynamodb:PartiQLInsert"
    PARTIQL_UPDATE = "dynamodb:PartiQLUpdate"


def grant_table(grantee: iam.IGrantable, data: DataStack, access: Sequence[Access]) -> None:
    """Only the named actions, only on the table itself."""
    data.table.grant(grantee, *[action.value for action in access])
    grant_key(grantee, data.key)


def grant_secret(grantee: iam.IGrantable, secret: secrets.ISecret) -> None:
    iam.Grant.add_to_principal(
        grantee=grantee, actions=["secretsmanager:GetSecretValue"], resource_arns=[secret.secret_arn]
    )


def grant_key(grantee: iam.IGrantable, key: kms.IKey) -> None:
    """Encrypt and decrypt. The key's own policy leaves the decision to IAM."""
    iam.Grant.add_to_principal(
        grantee=grantee,
        actions=["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
        resource_arns=[key.key_arn],
    )
