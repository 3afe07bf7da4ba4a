"""Campaigns whose execution ended with the emulator are built on, by a new execution that skips what is done.

On AWS executions outlive everything; here one that was running when the emulator stopped comes back as failed.
The table is the truth: a campaign whose record says that BUILD is at work gets an execution again. Every step may run
twice, posts that are written stay, and a campaign that waited for its reviewers asks them anew, since the old
task token died with the old execution.
"""

import json
import re
from typing import TYPE_CHECKING

from lambdas.adapters.dynamodb_campaigns import DynamoCampaigns
from lambdas.adapters.system import SystemClock
from lambdas.core.errors import NotFoundError
from lambdas.core.models.campaign import Campaign
from lambdas.core.models.workflow import BuildInput
from lambdas.core.ports import CampaignKey
from lambdas.core.progression import BUILDING
from local import aws

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

_RESUMED = re.compile(r"-resumed-(\d+)$")


def resume(endpoint_url: str, table: str, state_machine_arn: str) -> int:
    """Start anew what was interrupted, and answer how many campaigns that were."""
    states: SFNClient = aws.client("stepfunctions", endpoint_url)
    campaigns = DynamoCampaigns(aws.client("dynamodb", endpoint_url), table)
    resumed = 0
    for execution_arn in _failed(states, state_machine_arn):
        event = BuildInput.from_wire(json.loads(states.describe_execution(executionArn=execution_arn)["input"]))
        key = CampaignKey(event.tenant_id, event.campaign_id)
        campaign = _interrupted(campaigns, key, execution_arn)
        if campaign is None:
            continue
        started = states.start_execution(
            stateMachineArn=state_machine_arn, name=next_name(execution_arn), input=json.dumps(event.to_wire())
        )
        campaigns.update(key, expected=[campaign.status], at=SystemClock().now(), execution_arn=started["executionArn"])
        resumed += 1
    return resumed


def next_name(execution_arn: str) -> str:
    """The name of the execution that goes on from ``execution_arn``; names may be used once."""
    name = execution_arn.rsplit(":", 1)[1]
    match = _RESUMED.search(name)
    return f"{name[: match.start()]}-resumed-{int(match[1]) + 1}" if match else f"{name}-resumed-1"


def _failed(states: "SFNClient", state_machine_arn: str) -> list[str]:
    pages = states.get_paginator("list_executions").paginate(stateMachineArn=state_machine_arn, statusFilter="FAILED")
    return [execution["executionArn"] for page in pages for execution in page["executions"]]


def _interrupted(campaigns: DynamoCampaigns, key: CampaignKey, execution_arn: str) -> Campaign | None:
    """The campaign if BUILD should be at work on it and this was its last execution.

    An execution that failed by itself has put ``failed`` on the record.
    """
    try:
        campaign = campaigns.get(key)
    except NotFoundError:
        return None
    at_work = campaign.status in BUILDING and campaign.execution_arn in (execution_arn, None)
    return campaign if at_work else None
