"""The history of a campaign: its current execution, all its executions, and the status of each state."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from lambdas.domain.graph.assemble import execution_graph
from lambdas.domain.graph.fold import Visit, fold
from lambdas.domain.graph.model import ExecutionGraph, MapCounts
from lambdas.domain.models.approval import Approval, ApprovalStatus, CampaignSummary
from lambdas.domain.models.base import Model, Moment
from lambdas.domain.models.campaign import Campaign, CampaignStatus, Failure, PostCounts
from lambdas.domain.models.checkpoint import GENERATE_POSTS, Checkpoint, StepOutcome
from lambdas.domain.models.workflow import ExecutionStatus
from lambdas.domain.record_size import first_page, record_bytes
from lambdas.ports.engine import Engine, console_url, name_of, names_until
from lambdas.ports.paging import decode_place, encode_place, not_ours
from lambdas.ports.stores import Page
from lambdas.services.lifecycle import BUILDING

WORKFLOW = "BUILD"


class CheckpointView(Checkpoint, defer_build=True):
    """One attempt of one step."""

    timestamp: Moment
    """When it last changed."""


class ActiveCallback(Model):
    """A request for approval that waits for an answer."""

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
    """A page of checkpoints, in the order in which states were entered."""
    next_cursor: str | None
    active_callbacks: tuple[ActiveCallback, ...]
    error: Failure | None


class StepAttempt(Model):
    """One attempt of a step, from its checkpoint."""

    attempt: int
    outcome: StepOutcome
    started_at: Moment
    ended_at: Moment | None = None
    duration_ms: float | None = None
    effect: CampaignStatus | None = None
    error: Failure | None = None


class StateVisit(Model):
    """One visit of a state: what Step Functions reports, and what the step recorded."""

    state: str
    kind: str
    """The state's type: ``Task``, ``Choice``, ``Map``, …"""
    outcome: Literal["open", "done", "failed"]
    entered_at: Moment
    exited_at: Moment | None = None
    duration_ms: float | None = None
    error: str | None = None
    """Name of the latest error in this state, even if a later attempt succeeded."""
    attempts: tuple[StepAttempt, ...] = ()
    """From the checkpoints. Empty for a state that is not a step, and for a map, whose posts have their own records."""


class ExecutionView(Model):
    """One execution of a campaign: the engine's own history, joined with the checkpoints of its steps."""

    execution_arn: str
    name: str
    status: ExecutionStatus | Literal["UNKNOWN"]
    """``UNKNOWN``: the engine has forgotten it."""
    started_at: Moment | None = None
    stopped_at: Moment | None = None
    error: str | None = None
    cause: str | None = None
    console_url: str
    states: tuple[StateVisit, ...]
    """In the order in which they were entered."""


def execution_context(
    campaign: Campaign,
    page: Page[Checkpoint],
    approvals: Sequence[Approval],
    steps: tuple[str | None, tuple[str, ...]],
) -> ExecutionContext:
    """``steps`` are the current one and the finished ones, from ``progress_of``."""
    views = tuple(_checkpoint_view(each) for each in page.items)
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


def _checkpoint_view(checkpoint: Checkpoint) -> CheckpointView:
    known = {name: getattr(checkpoint, name) for name in Checkpoint.model_fields}
    return CheckpointView(**known, timestamp=checkpoint.ended_at or checkpoint.started_at)


def _status(status: CampaignStatus) -> Literal["running", "waiting_callback", "completed", "failed"]:
    if status is CampaignStatus.AWAITING_APPROVAL:
        return "waiting_callback"
    if status in BUILDING:
        return "running"
    return "failed" if status in (CampaignStatus.FAILED, CampaignStatus.STOPPED) else "completed"


def execution_views(
    campaign: Campaign, engine: Engine, checkpoints: Sequence[Checkpoint], limit: int, cursor: str | None
) -> Page[ExecutionView]:
    """Executions of a campaign, oldest first. Raises ``InvalidInputError`` for a cursor of another list."""
    names = names_until(campaign.campaign_id, campaign.execution_arn) if campaign.execution_arn else []
    last = decode_place(cursor) if cursor else None
    if last is not None and last not in names:
        raise not_ours()
    rest = names[names.index(last) + 1 :] if last else names
    # One after the other, because each calls Step Functions, whose quotas for these calls are low.
    views = (_view(engine.arn_of(name), engine, checkpoints) for name in rest[:limit])
    page, _ = first_page(views, limit, size=lambda view: record_bytes(view.to_wire()))
    return Page(page, encode_place(rest[len(page) - 1]) if len(page) < len(rest) else None)


def _view(arn: str, engine: Engine, checkpoints: Sequence[Checkpoint]) -> ExecutionView:
    found, history = engine.describe(arn), fold(engine.events(arn))
    own = [checkpoint for checkpoint in checkpoints if checkpoint.execution_arn == arn]
    return ExecutionView(
        execution_arn=arn,
        name=name_of(arn),
        status=found.status if found else "UNKNOWN",
        started_at=found.started_at if found else None,
        stopped_at=found.stopped_at if found else None,
        error=found.error if found else None,
        cause=found.cause if found else None,
        console_url=console_url(arn),
        states=tuple(_visit(visit, history.visits, own) for visit in history.visits),
    )


def _visit(visit: Visit, visits: Sequence[Visit], checkpoints: Sequence[Checkpoint]) -> StateVisit:
    same = [other for other in visits if other.name == visit.name]
    own = [c for c in checkpoints if c.step_name == visit.name and _visited(c, same) is visit]
    return StateVisit(
        state=visit.name,
        kind=visit.kind,
        outcome="failed" if visit.failed else "done" if visit.exited_at else "open",
        entered_at=visit.entered_at,
        exited_at=visit.exited_at,
        duration_ms=(visit.exited_at - visit.entered_at).total_seconds() * 1000 if visit.exited_at else None,
        error=visit.error,
        attempts=tuple(
            StepAttempt(**{name: getattr(checkpoint, name) for name in StepAttempt.model_fields})
            for checkpoint in sorted(own, key=lambda checkpoint: checkpoint.attempt)
        ),
    )


def _visited(checkpoint: Checkpoint, visits: Sequence[Visit]) -> Visit:
    """The visit of a state that an attempt belongs to: both contain the time at which the state was entered, up to
    rounding."""
    at = checkpoint.entered_at or checkpoint.started_at
    return min(visits, key=lambda visit: abs(visit.entered_at - at))


def graph_of(campaign: Campaign, posts: PostCounts, engine: Engine, now: datetime) -> ExecutionGraph:
    """The campaign's latest execution, drawn over its definition."""
    written = MapCounts(
        total=posts.total, running=posts.generating, completed=posts.completed, failed=posts.failed, unit="posts"
    )
    return graph_of_execution(
        campaign.execution_arn or engine.arn_of(campaign.campaign_id),
        engine,
        now,
        counts={GENERATE_POSTS: written} if posts.total else {},
        title=campaign.brief.name,
        campaign_status=campaign.status.value,
    )


def graph_of_execution(
    arn: str,
    engine: Engine,
    now: datetime,
    *,
    workflow: str = WORKFLOW,
    counts: Mapping[str, MapCounts] | None = None,
    title: str | None = None,
    campaign_status: str | None = None,
) -> ExecutionGraph:
    """``counts`` are the progress of maps by state name, which the execution history does not contain."""
    found = engine.describe(arn)
    return execution_graph(
        engine.definition(arn, found.version_arn if found else None),
        engine.events(arn),
        workflow=workflow,
        execution_arn=arn,
        now=now,
        counts=counts,
        status=found.status if found else None,
        stopped_at=found.stopped_at if found else None,
        error=found.error if found else None,
        title=title,
        campaign_status=campaign_status,
    )
