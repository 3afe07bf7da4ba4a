"""Starting a campaign directly: a Lambda for internal services, and the queue for refused payloads."""

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from stacks.data import DataStack
from stacks.functions import CampaignFunction, CodeAssets, keep_failures
from stacks.grants import Access, grant_table


def build_campaign(
    scope: Construct,
    *,
    data: DataStack,
    assets: CodeAssets,
    machine: sfn.StateMachine,
    live: sfn.CfnStateMachineAlias,
) -> CampaignFunction:
    """Lambda ``build-campaign``. ``live`` is the alias of ``machine`` through which it starts executions."""
    function = CampaignFunction(
        scope,
        "build-campaign",
        module="lambdas.api.build_campaign",
        assets=assets,
        environment={
            "TABLE_NAME": data.table.table_name,
            "BUILD_STATE_MACHINE_ARN": live.ref,
            **assets.options.quota,
        },
    )
    grant_table(function, data, [Access.GET, Access.BATCH_GET, Access.PUT, Access.UPDATE])
    machine.grant_start_execution(function)
    keep_failures(function, "BuildCampaign", data.key)
    _let_in(function, assets.options.internal_roles)
    return function


def _let_in(function: CampaignFunction, roles: tuple[str, ...]) -> None:
    """Named roles may invoke the alias; others need a policy of their own that allows it."""
    stack = Stack.of(function)
    for number, role in enumerate(roles):
        own = stack.format_arn(service="iam", region="", resource="role", resource_name=role)
        principal = iam.ArnPrincipal(role if role.startswith("arn:") else own)
        function.live.add_permission(f"InternalRole{number}", principal=principal)
