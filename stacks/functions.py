"""A Lambda of this project, with its own role and log group, and only the permissions it is given."""

from collections.abc import Mapping
from pathlib import Path

from aws_cdk import Duration, IgnoreMode, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from stacks.dependency_layer import AWS_PYTHON, build_layer
from stacks.grants import acknowledge, grant_key
from stacks.options import Options

ROOT = Path(__file__).parent.parent
RUNTIME = lambda_.Runtime(f"python{AWS_PYTHON}", lambda_.RuntimeFamily.PYTHON)

_COMPILED = ("__pycache__", "*.pyc")


class CodeAssets:
    """What all functions of a stack share: code, dependency layer, options, and the key that encrypts their logs."""

    def __init__(self, scope: Construct, options: Options, key: kms.IKey) -> None:
        self.options, self.key = options, key
        self.code = lambda_.Code.from_asset(
            str(ROOT),
            # The workflows' diagrams are stored beside their definitions, and the API fills them in.
            exclude=["/*", "!/lambdas", "!/statemachine", "/statemachine/*", "!/statemachine/pictures", *_COMPILED],
            # The default mode's asterisk does not match files that begin with a dot, such as .env.
            ignore_mode=IgnoreMode.GIT,
        )
        self.layer = lambda_.LayerVersion(
            scope,
            "Dependencies",
            code=lambda_.Code.from_asset(str(build_layer(options.target))),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[options.architecture],
            description="Locked in requirements/lambdas.txt",
        )


LIVE = "live"
"""The alias of the current version. Callers use the alias; an execution that has started uses the version it started
with."""


class CampaignFunction(lambda_.Function):
    """``name`` is the Lambda's name in kebab case; ``module`` contains its ``handler``.

    Each deployment that changes the function publishes a version and moves ``live`` to it. Earlier versions are kept,
    because running executions were started with them (docs/adr/0022).
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        module: str,
        assets: CodeAssets,
        environment: Mapping[str, str],
        timeout_seconds: int = 30,
        memory_mb: int = 512,
    ) -> None:
        options, key = assets.options, assets.key
        function_name = f"{options.prefix}{name}"
        construct_id = "".join(part.title() for part in name.split("-")) + "Function"
        log_group = kept_logs(scope, f"{construct_id}Logs", f"/aws/lambda/{function_name}", key)
        role = _role(scope, f"{construct_id}Role", function_name, log_group)
        super().__init__(
            scope,
            construct_id,
            function_name=function_name,
            handler=f"{module}.handler",
            code=assets.code,
            layers=[assets.layer],
            runtime=RUNTIME,
            architecture=options.architecture,
            role=role,
            timeout=Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            reserved_concurrent_executions=options.reserved.get(name),
            environment={"POWERTOOLS_SERVICE_NAME": name, "LOG_LEVEL": "INFO", **environment},
            environment_encryption=key,
            log_group=log_group,
            tracing=lambda_.Tracing.ACTIVE if options.tracing else lambda_.Tracing.DISABLED,
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
        )
        self.service_name = name  # the dimension ``service`` of its metrics
        self.live = lambda_.Alias(self, "Live", alias_name=LIVE, version=self.current_version)
        if options.tracing:
            acknowledge(role, "AwsSolutions-IAM5[Resource::*]", "X-Ray's write actions take no resource")


def _role(scope: Construct, construct_id: str, function_name: str, log_group: logs.LogGroup) -> iam.Role:
    """A role that may only write the function's logs."""
    role = iam.Role(
        scope,
        construct_id,
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        description=f"Runs {function_name}",
    )
    log_group.grant_write(role)
    return role


def kept_logs(scope: Construct, construct_id: str, name: str, key: kms.IKey) -> logs.LogGroup:
    """An encrypted log group whose events are kept for a month."""
    return logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=logs.RetentionDays.ONE_MONTH,
        encryption_key=key,
        removal_policy=RemovalPolicy.DESTROY,
    )


def keep_failures(function: "CampaignFunction", name: str, key: kms.IKey) -> None:
    """Asynchronous invocations that failed for good go to the queue ``<name>DeadLetters``, with the reason."""
    scope = Stack.of(function)
    letters = _dead_letter_queue(scope, f"{name}DeadLetters", key)
    # Not configure_async_invoke, which grants more on queue and key than sending needs.
    function.add_to_role_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[letters.queue_arn]))
    # docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html, permissions of a
    # producer
    queue_only = {"aws:sqs:arn": letters.queue_arn}
    grant_key(function, key, ["kms:Decrypt", "kms:GenerateDataKey"], "sqs", queue_only)
    failed = lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=letters.queue_arn)
    for construct_id, qualifier in ((f"{name}Asynchronously", "$LATEST"), (f"{name}LiveAsynchronously", LIVE)):
        config = lambda_.CfnEventInvokeConfig(
            scope,
            construct_id,
            function_name=function.function_name,
            qualifier=qualifier,
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=Duration.hours(6).to_seconds(),
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(on_failure=failed),
        )
        config.node.add_dependency(function.live)


def _dead_letter_queue(scope: Construct, construct_id: str, key: kms.IKey) -> sqs.Queue:
    """Kept 14 days, the most SQS allows."""
    queue = sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.KMS,
        encryption_master_key=key,
        retention_period=Duration.days(14),
        enforce_ssl=True,
    )
    acknowledge(queue, "AwsSolutions-SQS3", "This queue is itself a dead-letter queue")
    return queue
