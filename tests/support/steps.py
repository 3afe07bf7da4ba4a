"""The tasks of BUILD over the fakes: the same frame and the same logic as in the Lambdas, other ports."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from lambdas.adapters.step import Handler, step
from lambdas.adapters.table.campaign_store import TableCampaigns
from lambdas.adapters.table.catalog_store import TableCatalog
from lambdas.adapters.table.checkpoint_store import TableCheckpoints
from lambdas.adapters.table.effect_store import TableEffects
from lambdas.adapters.table.post_store import TablePosts
from lambdas.adapters.table.request_store import TableApprovals
from lambdas.build.aggregate_results.logic import aggregate_results
from lambdas.build.approval_expired.logic import ExpiryPorts, approval_expired
from lambdas.build.compensate.logic import compensate
from lambdas.build.complete_campaign.logic import complete_campaign
from lambdas.build.generate_posts.logic import BatchPorts, generate_batch
from lambdas.build.plan_posts.logic import plan_posts
from lambdas.build.record_failure.logic import record_failure
from lambdas.build.reject_campaign.logic import reject_campaign
from lambdas.build.request_approval.logic import ApprovalPorts, request_approval
from lambdas.build.revise_posts.logic import RevisionPorts, revise_posts
from lambdas.build.save_campaign.logic import save_campaign
from lambdas.build.validate_campaign.logic import validate_campaign
from lambdas.domain.models.base import Model
from lambdas.domain.models.workflow import GenerateBatchEvent, RequestApprovalEvent, StepEvent
from lambdas.services.notify import Channels
from lambdas.services.saga import (
    MANIFEST,
    RECENT_TEXTS,
    RecordedManifests,
    RecordedRecentTexts,
    undo_manifest,
    undo_recent_texts,
)
from lambdas.settings import Settings
from tests.support.agents import Generator, Planner
from tests.support.faults import FaultPlan, faulty
from tests.support.logs import silence
from tests.support.world import World

Task = Callable[[dict[str, Any]], dict[str, Any]]
BASE_URL = "https://campaigns.example"


def quietly(handler: Handler, raw: dict[str, Any]) -> dict[str, Any]:
    with silence():
        return handler(raw, None)


class Agents(NamedTuple):
    planner: Planner
    generator: Generator


def tasks(world: World, agents: Agents, plan: FaultPlan) -> Mapping[str, Task]:
    """By state name, what takes the state's event and answers its result; every port call goes through ``plan``."""
    table = faulty(world.table, plan, "table")
    campaigns, posts, catalog = TableCampaigns(table), TablePosts(table), TableCatalog(table)
    approvals, checkpoints = TableApprovals(table, world.clock), TableCheckpoints(table)
    manifests = faulty(world.manifests, plan, "manifests")
    recent = faulty(world.recent, plan, "recent")
    planner = faulty(agents.planner, plan, "planner")
    generator = faulty(agents.generator, plan, "generator")
    keys, mailer = faulty(world.keys, plan, "keys"), faulty(world.mailer, plan, "mailer")
    channels = Channels(mailer, world.chat, catalog, keys)
    clock = world.clock
    alerts = faulty(world.alerts, plan, "alerts")
    asking = ApprovalPorts(campaigns, posts, approvals, channels, world.engine, world.ids, clock, world.cipher, alerts)
    writing = BatchPorts(campaigns, posts, recent, generator, clock, world.ids)
    effects = TableEffects(table)
    undos = {MANIFEST: undo_manifest(manifests.remove), RECENT_TEXTS: undo_recent_texts(recent.remove)}

    def framed(name: str, logic: Callable[[StepEvent], Model]) -> Task:
        handler = step(name, StepEvent, Settings, lambda _: checkpoints)(lambda event, _: logic(event))
        return lambda raw: quietly(handler, raw)

    def ask(event: RequestApprovalEvent, _: Settings) -> Model:
        return request_approval(event, asking, BASE_URL)

    asked = step("RequestApproval", RequestApprovalEvent, Settings, lambda _: checkpoints)(ask)

    def batch(raw: dict[str, Any]) -> dict[str, Any]:
        # Without the frame: it belongs to a process of its own, and here batches are threads of one.
        event = GenerateBatchEvent.from_wire(raw)
        return generate_batch(event, writing).to_wire()

    def recorded(event: StepEvent) -> RecordedManifests:
        return RecordedManifests(manifests, effects, event.attempt, clock)

    def texts(event: StepEvent) -> RecordedRecentTexts:
        return RecordedRecentTexts(recent, effects, event.attempt, clock)

    return {
        "ValidateCampaign": framed("ValidateCampaign", lambda e: validate_campaign(e, campaigns, catalog, clock)),
        "SaveCampaign": framed("SaveCampaign", lambda e: save_campaign(e, campaigns, catalog, clock)),
        "PlanPosts": framed(
            "PlanPosts", lambda e: plan_posts(e, campaigns, posts, recorded(e), texts(e), planner, clock)
        ),
        "GenerateBatch": batch,
        "AggregateResults": framed("AggregateResults", lambda e: aggregate_results(e, campaigns, posts, clock)),
        "RequestApproval": lambda raw: quietly(asked, raw),
        "ApprovalExpired": framed(
            "ApprovalExpired", lambda e: approval_expired(e, ExpiryPorts(campaigns, approvals, alerts, clock))
        ),
        "CompleteCampaign": framed("CompleteCampaign", lambda e: complete_campaign(e, campaigns, approvals, clock)),
        "RevisePosts": framed(
            "RevisePosts",
            lambda e: revise_posts(e, RevisionPorts(campaigns, posts, approvals, recorded(e), clock)),
        ),
        "RejectCampaign": framed("RejectCampaign", lambda e: reject_campaign(e, campaigns, approvals, clock)),
        "Compensate": framed("Compensate", lambda e: compensate(e, campaigns, effects, undos, clock)),
        "RecordFailure": framed(
            "RecordFailure", lambda e: record_failure(e, campaigns, approvals, checkpoints, alerts, clock)
        ),
    }
