"""Narrow grants: a function gets only the actions it uses, and only the use of the key that they require.

One key encrypts everything, so every use of it is limited to the service that asks for it (``kms:ViaService``) and to
what is encrypted (the encryption context). So a role that may read the table cannot decrypt the task tokens in it:
those are encrypted with KMS directly, under their own context (``grant_seal``).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, ArnFormat, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import IConstruct

if TYPE_CHECKING:
    from stacks.data import DataStack

TENANTS = "tenants/"
"""Prefix of the objects of each campaign: its manifests, and its copy of the texts not to repeat."""
RECENT_TEXTS = "recent-texts/"
"""Prefix of each tenant's object with the texts of its last campaigns."""
SEALED_BY = ("tenantId", "campaignId", "callbackId")
"""The encryption context of a task token, as the code in ``lambdas`` makes it; a test compares the two."""


def acknowledge(construct: IConstruct, finding: str, reason: str, *, pack: str = "AwsSolutions") -> None:
    """Accept ``finding`` (``AwsSolutions-IAM5[Action::x]``) on ``construct`` and below.

    ``pack`` is the rule pack that reported it: cdk-nag's, or ``CloudFormation-Validate`` of the CDK itself.
    """
    Validations.of(construct).acknowledge(Acknowledgment(id=f"{pack}::{finding}", reason=reason))


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
    PARTIQL_DELETE = "dynamodb:PartiQLDelete"


class Objects(StrEnum):
    """What a function may do with the objects of the bucket."""

    GET = "s3:GetObject"
    PUT = "s3:PutObject"
    DELETE = "s3:DeleteObject"


_KEY_FOR = {Objects.GET: "kms:Decrypt", Objects.PUT: "kms:GenerateDataKey"}
"""docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html; deleting an object does not need its key."""


def grant_table(grantee: lambda_.Function, data: "DataStack", access: Sequence[Access]) -> None:
    """Only the named actions, only on the table itself."""
    data.table.grant(grantee, *[action.value for action in access])
    # docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html: DynamoDB uses the key on
    # behalf of the caller, always with the table's name as context.
    table = {"aws:dynamodb:tableName": data.table.table_name, "aws:dynamodb:subscriberId": data.account}
    grant_key(grantee, data.key, ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], "dynamodb", table)
    # kms:DescribeKey encrypts nothing, so it has no context.
    grant_key(grantee, data.key, ["kms:DescribeKey"], "dynamodb")


def grant_objects(
    function: lambda_.Function, data: "DataStack", access: Sequence[Objects], prefix: str = TENANTS
) -> None:
    """Only the named actions, on the objects below ``prefix``; with GET also the right to see whether an object
    exists."""
    every = f"{prefix}*"
    objects = data.manifests.arn_for_objects(every)
    _allow(function, [action.value for action in access], objects)
    acknowledge(
        function.role or function,
        f"AwsSolutions-IAM5[Resource::{data.manifests_arn_export}/{every}]",
        "The function serves the campaigns of every tenant, and their objects are below this prefix",
    )
    if Objects.GET in access:
        # Without it S3 answers 403 for an object that does not exist
        # (docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
        _allow(function, ["s3:ListBucket"], data.manifests.bucket_arn, {"StringLike": {"s3:prefix": every}})
    # The bucket has a bucket key, so the context is the bucket and not the object
    # (docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html).
    keys = [_KEY_FOR[action] for action in access if action in _KEY_FOR]
    if keys:
        grant_key(function, data.key, keys, "s3", {"aws:s3:arn": data.manifests.bucket_arn})


def grant_secret(function: lambda_.Function, data: "DataStack", name: str) -> None:
    """Read the secret of that name. Secrets Manager appends six random characters to a secret's ARN."""
    arn = _secret_arn(function, f"{name}-??????")
    _allow(function, ["secretsmanager:GetSecretValue"], arn)
    _grant_secret_key(function, data, arn)


def grant_secrets_below(function: lambda_.Function, data: "DataStack", prefix: str, why: str) -> None:
    """Read any secret whose name begins with ``prefix``, and get "not found" for one that does not exist.

    Permissions are checked first, and a secret that does not exist has no six random characters: if a policy names
    them, the answer is AccessDenied
    (docs.aws.amazon.com/secretsmanager/latest/userguide/reference_iam-permissions.html).
    """
    arn = _secret_arn(function, f"{prefix}*")
    _allow(function, ["secretsmanager:GetSecretValue"], arn)
    _grant_secret_key(function, data, arn)
    pattern = f"arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret:{prefix}*"
    acknowledge(function.role or function, f"AwsSolutions-IAM5[Resource::{pattern}]", why)


def grant_parameter(function: lambda_.Function, name: str) -> None:
    """Read the Systems Manager parameter of that name."""
    arn = Stack.of(function).format_arn(service="ssm", resource="parameter", resource_name=name.removeprefix("/"))
    _allow(function, ["ssm:GetParameter"], arn)


def grant_key(
    grantee: lambda_.Function | sfn.StateMachine,
    key: kms.IKey,
    actions: Sequence[str],
    service: str | None,
    context: Mapping[str, str] | None = None,
) -> None:
    """Use ``key`` for these ``actions``, only through ``service``, and only for what was encrypted under ``context``.

    The values of ``context`` may have wildcards. Without a ``service`` it is the grantee itself, or a service in its
    role, that calls KMS. The key's own policy leaves the decision to IAM.
    """
    region = Stack.of(grantee).region
    conditions: dict[str, dict[str, str]] = {}
    if service:
        conditions["StringEquals"] = {"kms:ViaService": f"{service}.{region}.amazonaws.com"}
    if context:
        conditions["StringLike"] = {f"kms:EncryptionContext:{name}": value for name, value in context.items()}
    iam.Grant.add_to_principal(
        grantee=grantee, actions=list(actions), resource_arns=[key.key_arn], conditions=conditions
    )


def grant_seal(function: lambda_.Function, key: kms.IKey, action: str) -> None:
    """Encrypt (``kms:Encrypt``) or decrypt (``kms:Decrypt``) task tokens, and nothing with another context.

    ``ForAllValues`` alone would allow a request without any context, so each part is required as well.
    """
    conditions: dict[str, dict[str, object]] = {
        "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": list(SEALED_BY)},
        "StringLike": {f"kms:EncryptionContext:{name}": "?*" for name in SEALED_BY},
    }
    _allow(function, [action], key.key_arn, conditions)


def _grant_secret_key(function: lambda_.Function, data: "DataStack", arn: str) -> None:
    # docs.aws.amazon.com/secretsmanager/latest/userguide/security-encryption.html
    grant_key(function, data.key, ["kms:Decrypt"], "secretsmanager", {"SecretARN": arn})


def _secret_arn(function: lambda_.Function, name: str) -> str:
    return Stack.of(function).format_arn(
        service="secretsmanager", resource="secret", resource_name=name, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )


def _allow(
    function: lambda_.Function,
    actions: Sequence[str],
    resource: str,
    conditions: Mapping[str, Mapping[str, object]] | None = None,
) -> None:
    statement = iam.PolicyStatement(actions=list(actions), resources=[resource], conditions=conditions)
    function.add_to_role_policy(statement)


def grant_task_answers(function: lambda_.Function, actions: Sequence[str]) -> None:
    """Let ``function`` answer a waiting task."""
    function.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=["*"]))
    acknowledge(
        function.role or function,
        "AwsSolutions-IAM5[Resource::*]",
        "Answering a task is authorised by the task token; the action is not checked against an execution",
    )
