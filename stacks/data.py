"""Stateful resources: the table, the bucket, the signing keys, and the key that encrypts them."""

import json

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from stacks.grants import RECENT_TEXTS, TENANTS, acknowledge
from stacks.options import Options

_SIGNING_KEY_CHARS = 64


class DataStack(Stack):
    """Table, bucket, key and signing keys are kept when this stack is deleted, because without the keys no data could
    be read and no token or link that was issued would be valid."""

    def __init__(self, scope: Construct, construct_id: str, *, options: Options) -> None:
        super().__init__(scope, construct_id, description="Campaign orchestration: data")
        self.key = self._encryption_key()
        self.table = dynamodb.Table(
            self,
            "MarketingTable",
            table_name=f"{options.prefix}MarketingTable",
            partition_key=dynamodb.Attribute(name="PK", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="SK", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expiresAt",
            stream=dynamodb.StreamViewType.NEW_AND_OLD_IMAGES,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.manifests = self._bucket()
        # The bucket, as the workflow stack's policies refer to it and as cdk-nag's findings quote it.
        self.manifests_arn_export = self._exported(self.manifests.bucket_arn)
        self.manifests_name_export = self._exported(self.manifests.bucket_name)
        self.api_keys_name = f"{options.prefix}campaign/api-keys"
        self.approval_keys_name = f"{options.prefix}campaign/approval-keys"
        api_keys = self._signing_key("ApiKeys", self.api_keys_name, "Signs API bearer tokens")
        approval_keys = self._signing_key("ApprovalKeys", self.approval_keys_name, "Signs the reviewers' links")
        CfnOutput(self, "TableName", value=self.table.table_name)
        CfnOutput(self, "ManifestBucketName", value=self.manifests.bucket_name)
        CfnOutput(self, "ApiKeysSecretArn", value=api_keys.secret_arn)
        CfnOutput(self, "ApprovalKeysSecretArn", value=approval_keys.secret_arn)

    def _exported(self, value: str) -> str:
        """The name under which other stacks import ``value``."""
        name: str = self.resolve(self.export_value(value))["Fn::ImportValue"]
        return name

    def _encryption_key(self) -> kms.Key:
        key = kms.Key(
            self,
            "Key",
            description="Campaign orchestration: table, manifests, secrets, logs, queues and executions",
            enable_key_rotation=True,
            pending_window=Duration.days(30),
            removal_policy=RemovalPolicy.RETAIN,
        )
        # Log groups use this key, so CloudWatch Logs has to be allowed to use it for this account's groups.
        key.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal(f"logs.{self.region}.amazonaws.com")],
                actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
                resources=["*"],
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": self.format_arn(
                            service="logs", resource="log-group", resource_name="*"
                        ).replace("log-group/", "log-group:")
                    }
                },
            )
        )
        # SES encrypts its reports to a topic that has this key, and CloudWatch its alarms.
        for service in ("ses", "cloudwatch"):
            key.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal(f"{service}.amazonaws.com")],
                    actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                    resources=["*"],
                    conditions={"StringEquals": {"aws:SourceAccount": self.account}},
                )
            )
        return key

    def _bucket(self) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Manifests",
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            lifecycle_rules=[
                # A manifest is only read while its map runs or is redriven (within 14 days).
                s3.LifecycleRule(prefix=TENANTS, expiration=Duration.days(30)),
                # A tenant's object is written again with each approved campaign, and its age counts from then: it is
                # only deleted if the tenant has approved nothing for a year.
                s3.LifecycleRule(prefix=RECENT_TEXTS, expiration=Duration.days(365)),
            ],
            removal_policy=RemovalPolicy.RETAIN,
        )
        acknowledge(
            bucket,
            "AwsSolutions-S1",
            "Manifests hold post ids, the others texts; CloudTrail data events serve where access is audited",
        )
        return bucket

    def _signing_key(self, construct_id: str, name: str, description: str) -> secrets.Secret:
        secret = secrets.Secret(
            self,
            construct_id,
            secret_name=name,
            description=description,
            # As a reference: to the policy of a key that it can change, the CDK adds a statement for the whole account,
            # which duplicates the account's own statement.
            encryption_key=kms.Key.from_key_arn(self, f"{construct_id}Key", self.key.key_arn),
            generate_secret_string=secrets.SecretStringGenerator(
                secret_string_template=json.dumps({"active": "k1"}),
                generate_string_key="k1",
                password_length=_SIGNING_KEY_CHARS,
                exclude_punctuation=True,
            ),
            removal_policy=RemovalPolicy.RETAIN,
        )
        acknowledge(
            secret,
            "AwsSolutions-SMG4",
            "Two keys have to be live while links signed with the old one are out; see SECURITY.md for the rotation",
        )
        return secret
