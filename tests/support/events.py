"""Events as the engine sends them to the tasks of BUILD, and a campaign that is ready for them."""

from typing import Any

from lambdas.build.plan_posts import plan_posts
from lambdas.domain.ids import TaskToken
from lambdas.domain.models.base import iso
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.post import Batch
from lambdas.domain.models.workflow import (
    ApprovalState,
    CaughtError,
    Decision,
    GenerateBatchEvent,
    RequestApprovalEvent,
    StepEvent,
)
from tests.fakes import MemoryEngine
from tests.support import samples
from tests.support.agents import Planner
from tests.support.world import World

EXECUTION_ARN = f"{MemoryEngine.MACHINE}:{samples.CAMPAIGN_ID}"


def raw_event(
    world: World, state: str, *, retry: int = 0, name: str = "execution", **input_fields: Any
) -> dict[str, Any]:
    """On the wire, with ``input_fields`` beside the ids."""
    ids = {"tenantId": samples.TENANT, "campaignId": samples.CAMPAIGN_ID, "correlationId": samples.CORRELATION}
    attempt = {
        "executionArn": EXECUTION_ARN,
        "executionName": name,
        "stateName": state,
        "retryCount": retry,
        "enteredAt": iso(world.clock.now()),
    }
    return {"input": ids | input_fields, "attempt": attempt}


def step_event(
    world: World,
    state: str,
    *,
    retry: int = 0,
    approval: Decision | str | None = None,
    error: CaughtError | None = None,
) -> StepEvent:
    fields: dict[str, Any] = {}
    if approval:
        fields["approval"] = ApprovalState.model_validate({"decision": approval}).to_wire()
    if error:
        fields["error"] = error.to_wire()
    return StepEvent.from_wire(raw_event(world, state, retry=retry, **fields))


def batch_event(world: World, batch: Batch, *, retry: int = 0, child: str = "child-0") -> GenerateBatchEvent:
    raw = raw_event(world, "GenerateBatch", retry=retry, name=child, batch=batch.to_wire())
    return GenerateBatchEvent.from_wire(raw)


def approval_event(world: World, token: TaskToken, *, retry: int = 0) -> RequestApprovalEvent:
    raw = raw_event(world, "RequestApproval", retry=retry) | {"taskToken": token}
    return RequestApprovalEvent.from_wire(raw)


def planned(world: World, brief: dict[str, Any] | None = None) -> list[Batch]:
    """Bring a campaign to ``generating``, and answer its batches."""
    world.queue(brief, status=CampaignStatus.PLANNING)
    event = step_event(world, "PlanPosts")
    plan = plan_posts(event, world, Planner())
    return [Batch.from_wire(batch) for batch in world.manifests.objects[plan.manifest.key]]
