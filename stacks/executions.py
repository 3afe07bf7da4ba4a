"""The current version of a state machine, and grants on its executions."""

from collections.abc import Sequence

from aws_cdk import ArnFormat, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn

from stacks.functions import LIVE
from stacks.grants import acknowledge, grant_key


def live_alias(machine: sfn.StateMachine) -> sfn.CfnStateMachineAlias:
    """Publish the machine as a version and move ``live`` to it. Executions are started through that alias.

    Earlier versions are kept for running executions. ``Ref`` is the alias's ARN. IAM authorises requests on the
    machine's own ARN, whichever version or alias they name.
    """
    version = sfn.CfnStateMachineVersion(
        machine,
        "Version",
        state_machine_arn=machine.state_machine_arn,
        # It changes with the machine, so that a new version is published.
        state_machine_revision_id=machine.state_machine_revision_id,
    )
    version.apply_removal_policy(RemovalPolicy.RETAIN)
    every = sfn.CfnStateMachineAlias.RoutingConfigurationVersionProperty(
        state_machine_version_arn=version.ref, weight=100
    )
    return sfn.CfnStateMachineAlias(machine, "Live", name=LIVE, routing_configuration=[every])


def grant_look(function: lambda_.Function, machine: sfn.StateMachine, name: str, key: kms.IKey) -> None:
    """Find the executions of the machine of that name and read their history, which ``key`` encrypts."""
    _grant(function, ["states:DescribeStateMachine"], machine.state_machine_arn)
    actions = ["DescribeExecution", "DescribeStateMachineForExecution", "GetExecutionHistory"]
    _grant_all(function, actions, "execution", f"{name}:*")
    # Reading needs the key; starting, stopping, redriving and answering a task do not
    # (docs.aws.amazon.com/step-functions/latest/dg/encryption-at-rest.html, "Required permissions for API callers").
    grant_key(function, key, ["kms:Decrypt"], "states", {"aws:states:stateMachineArn": machine.state_machine_arn})


def grant_mend(function: lambda_.Function, machine: sfn.StateMachine, name: str) -> None:
    """Start executions of the machine, and redrive or stop existing ones."""
    machine.grant_start_execution(function)
    _grant_all(function, ["RedriveExecution", "StopExecution"], "execution", f"{name}:*")


def _grant_all(function: lambda_.Function, actions: Sequence[str], kind: str, pattern: str) -> None:
    arn = Stack.of(function).format_arn(
        service="states", resource=kind, resource_name=pattern, arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    _grant(function, [f"states:{action}" for action in actions], arn)
    acknowledge(
        function.role or function,
        f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:{kind}:{pattern}]",
        "Executions of one machine, whose names are the campaigns'",
    )


def _grant(function: lambda_.Function, actions: Sequence[str], resource: str) -> None:
    function.add_to_role_policy(iam.PolicyStatement(actions=list(actions), resources=[resource]))
