"""The direct way to start a campaign: a Lambda that internal services invoke, and where refused payloads wait."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.data import DataStack
from stacks.functions import LIVE, CampaignFunction, CodeAssets, dead_letter_queue
from stacks.grants import Access, grant_table
from stacks.options import Options


def build_campaign(
    scope: Construct,
    *,
    options: Options,
    data: DataStack,
    assets: CodeAssets,
    machine: sfn.StateMachine,
    live: sfn.CfnStateMachineAlias,
) -> CampaignFunction:
    """Lambda ``build-campaign``. ``live`` is the alias of ``machine`` that it starts."""
    function = CampaignFunction(
        scope,
        "BuildCampaignFunction",
        name="build-campaign",
        module="lambdas.api.build_campaign.handler",
        options=options,
        assets=assets,
        key=data.key,
        environment={"TABLE_NAME": data.table.table_name, "BUILD_STATE_MACHINE_ARN": live.ref},
    )
    grant_table(function, data, [Access.GET, Access.PUT, Access.UPDATE])
    machine.grant_start_execution(function)
    _keep_refused(scope, function, data)
    _let_in(function, options.internal_roles)
    return function


def _keep_refused(scope: Construct, function: CampaignFunction, data: DataStack) -> None:
    """What is sent asynchronously and refused for good goes to a queue, with the reason."""
    letters = dead_letter_queue(scope, "BuildCampaignDeadLetters", data.key)
    # Not configure_async_invoke, whose grants on queue and key are wider than sending needs.
    function.add_to_role_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[letters.queue_arn]))
    failed = lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=letters.queue_arn)
    for construct_id, qualifier in (
        ("BuildCampaignAsynchronously", "$LATEST"),
        ("BuildCampaignLiveAsynchronously", LIVE),
    ):
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


def _let_in(function: CampaignFunction, roles: tuple[str, ...]) -> None:
    """Named roles may invoke the alias; anybody else needs a policy of their own that says so."""
    stack = Stack.of(function)
    for number, role in enumerate(roles):
        own = stack.format_arn(service="iam", region="", resource="role", resource_name=role)
        principal = iam.ArnPrincipal(role if role.startswith("arn:") else own)
        function.live.add_permission(f"InternalRole{number}", principal=principal)
