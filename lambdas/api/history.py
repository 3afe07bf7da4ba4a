"""What happened to a campaign: its execution context, its executions, and their picture."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from lambdas.core.executions import Executions, console_url, name_of, names_until
from lambdas.core.graph.assemble import execution_graph
from lambdas.core.graph.model import ExecutionGraph, ExecutionStatus, MapCounts
from lambdas.core.models.approval import Approval, ApprovalStatus, CampaignSummary
from lambdas.core.models.base import Model, Moment
from lambdas.core.models.campaign import Campaign, CampaignStatus, Failure, PostCounts
from lambdas.core.models.checkpoint import Checkpoint
from lambdas.core.ports import Page
from lambdas.core.progression import BUILDING
from lambdas.core.steps import GENERATE_POSTS

WORKFLOW = "BUILD"


class CheckpointView(Checkpoint):
    """One attempt of one step."""

    timestamp: Moment
    """When it last changed."""


class ActiveCallback(Model):
    """A question that waits for its answer."""

    callback_id: str
    type: Literal["approval"] = "approval"
    created_at: Moment
    timeout_at: Moment
    metadata: CampaignSummary


class ExecutionContext(Model):
    """Body of ``GET /campaigns/{id}/checkpoints``."""

    execution_id: str | None
    tenant_id: str
    campaign_id: str
    started_at: Moment
    last_checkpoint_at: Moment | None
    status: Literal["running", "waiting_callback", "completed", "failed"]
    current_step: str | None
    completed_steps: tuple[str, ...]
    checkpoints: tuple[CheckpointView, ...]
    """A page of them, in the order in which states were entered."""
    next_cursor: str | None
    active_callbacks: tuple[ActiveCallback, ...]
    error: Failure | None


class ExecutionEvent(Model):
    """One line of the engine's history, in words."""

    id: int
    at: Moment
    type: str
    state: str | None = None
    """The state it is about, where the engine says."""
    error: str | None = None


class ExecutionView(Model):
    """One execution of a campaign, with the engine's own history of it."""

    execution_arn: str
    name: str
    status: ExecutionStatus | Literal["UNKNOWN"]
    """``UNKNOWN``: the engine has forgotten it."""
    started_at: Moment | None = None
    stopped_at: Moment | None = None
    error: str | None = None
    cause: str | None = None
    console_url: str
    events: tuple[ExecutionEvent, ...]


def execution_context(
    campaign: Campaign,
    page: Page[Checkpoint],
    approvals: Sequence[Approval],
    steps: tuple[str | None, tuple[str, ...]],
) -> ExecutionContext:
    """``steps`` are the current one and those that are done, as ``progress_of`` says."""
    views = tuple(CheckpointView(**dict(each), timestamp=each.ended_at or each.started_at) for each in page.items)
    open_ones = [approval for approval in approvals if approval.status is ApprovalStatus.PENDING]
    return ExecutionContext(
        execution_id=campaign.execution_arn,
        tenant_id=campaign.tenant_id,
        campaign_id=campaign.campaign_id,
        started_at=campaign.created_at,
        last_checkpoint_at=max((view.timestamp for view in views), default=None),
        status=_status(campaign.status),
        current_step=steps[0],
        completed_steps=steps[1],
        checkpoints=views,
        next_cursor=page.next_cursor,
        active_callbacks=tuple(
            ActiveCallback(
                callback_id=approval.callback_id,
                created_at=approval.created_at,
                timeout_at=approval.expires_at,
                metadata=approval.summary,
            )
            for approval in open_ones
        ),
        error=campaign.error,
    )


def _status(status: CampaignStatus) -> Literal["running", "waiting_callback", "completed", "failed"]:
    if status is CampaignStatus.AWAITING_APPROVAL:
        return "waiting_callback"
    if status in BUILDING:
        return "running"
    return "failed" if status in (CampaignStatus.FAILED, CampaignStatus.STOPPED) else "completed"


def execution_views(campaign: Campaign, executions: Executions) -> list[ExecutionView]:
    """All executions of a campaign, oldest first."""
    if campaign.execution_arn is None:
        return []
    names = names_until(campaign.campaign_id, campaign.execution_arn)
    return [_view(executions.arn_of(name), executions) for name in names]


def _view(arn: str, executions: Executions) -> ExecutionView:
    found = executions.describe(arn)
    return ExecutionView(
        execution_arn=arn,
        name=name_of(arn),
        status=found.status if found else "UNKNOWN",
        started_at=found.started_at if found else None,
        stopped_at=found.stopped_at if found else None,
        error=found.error if found else None,
        cause=found.cause if found else None,
        console_url=console_url(arn),
        events=tuple(_event(event) for event in executions.events(arn)),
    )


def _event(event: Mapping[str, Any]) -> ExecutionEvent:
    details: Mapping[str, Any] = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
    return ExecutionEvent(
        id=event["id"],
        at=event["timestamp"],
        type=event["type"],
        state=details.get("name"),
        error=details.get("error"),
    )


def graph_of(campaign: Campaign, posts: PostCounts, executions: Executions, now: datetime) -> ExecutionGraph:
    """The campaign's latest execution, drawn over the definition it runs."""
    arn = campaign.execution_arn or executions.arn_of(campaign.campaign_id)
    found = executions.describe(arn)
    written = MapCounts(
        total=posts.total, running=posts.generating, completed=posts.completed, failed=posts.failed, unit="posts"
    )
    return execution_graph(
        executions.definition(arn),
        executions.events(arn),
        workflow=WORKFLOW,
        execution_arn=arn,
        now=now,
        counts={GENERATE_POSTS: written} if posts.total else {},
        status=found.status if found else None,
        stopped_at=found.stopped_at if found else None,
        error=found.error if found else None,
        title=campaign.brief.name,
        campaign_status=campaign.status.value,
    )
