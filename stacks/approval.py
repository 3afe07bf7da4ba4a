"""Handling of open requests for approval."""

from aws_cdk import aws_sns as sns
from constructs import Construct

from lambdas.domain.due_entry import Kind
from stacks.alerts import every_minute, grant_alert
from stacks.data import DataStack
from stacks.functions import CampaignFunction, CodeAssets
from stacks.grants import Access, grant_parameter, grant_seal, grant_secret, grant_table, grant_task_answers
from stacks.mail import Mail


def sweep_approvals(
    scope: Construct,
    *,
    data: DataStack,
    assets: CodeAssets,
    base_url_parameter: str,
    mail: Mail,
    alerts: sns.ITopic,
) -> CampaignFunction:
    """Lambda ``sweep-approvals``, every minute: invitations, reminders, heartbeats, expiry, lost decisions."""
    function = CampaignFunction(
        scope,
        "sweep-approvals",
        module="lambdas.ops.sweep_approvals",
        assets=assets,
        environment={
            "TABLE_NAME": data.table.table_name,
            "APPROVAL_KEYS_SECRET": data.approval_keys_name,
            "APPROVAL_BASE_URL_PARAMETER": base_url_parameter,
            **mail.environment,
        },
        timeout_seconds=55,
    )
    access = [Access.GET, Access.PUT, Access.UPDATE, Access.DELETE, Access.QUERY]
    grant_table(function, data, access)
    grant_secret(function, data, data.approval_keys_name)
    grant_parameter(function, base_url_parameter)
    grant_seal(function, data.key, "kms:Decrypt")
    mail.grant_send(function)
    grant_alert(function, alerts, data.key)
    grant_task_answers(function, ["states:SendTaskHeartbeat", "states:SendTaskSuccess"])
    every_minute(scope, "SweepApprovals", function, Kind.APPROVAL, "Open requests for approval", alerts)
    return function
