"""The tasks of BUILD over the fakes: the same frame and the same logic as in the Lambdas, other ports."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from lambdas.adapters.step import Step
from lambdas.bootstrap import step
from lambdas.build import (
    aggregate_results,
    approval_expired,
    compensate,
    complete_campaign,
    record_failure,
    reject_campaign,
    request_approval,
    revise_posts,
    save_campaign,
    validate_campaign,
)
from lambdas.build.generate_posts import generate_batch
from lambdas.build.plan_posts import plan_posts
from lambdas.domain.models.workflow import GenerateBatchEvent, StepEvent
from lambdas.settings import Settings
from tests.support.agents import Generator, Planner
from tests.support.faults import FaultPlan, faulty, replaced
from tests.support.logs import silence
from tests.support.world import World, stores_on

Task = Callable[[dict[str, Any]], dict[str, Any]]
FAULTY = ("manifests", "recent_texts", "remembered_texts", "keys", "mailer", "alerts")
"""Beside the stores, which work on a faulty table."""
STEPS = (
    aggregate_results.handler,
    approval_expired.handler,
    compensate.handler,
    complete_campaign.handler,
    record_failure.handler,
    reject_campaign.handler,
    request_approval.ask,
    revise_posts.handler,
    save_campaign.handler,
    validate_campaign.handler,
)


def quietly(handler: Callable[[dict[str, Any], object], dict[str, Any]], raw: dict[str, Any]) -> dict[str, Any]:
    with silence():
        return handler(raw, None)


class Agents(NamedTuple):
    planner: Planner
    generator: Generator


def tasks(world: World, agents: Agents, plan: FaultPlan) -> Mapping[str, Task]:
    """By state name, what takes the state's event and answers its result; every port call goes through ``plan``."""
    ports = replaced(
        world,
        **stores_on(faulty(world.table, plan, "table"), world.clock),
        **{name: faulty(getattr(world, name), plan, name) for name in FAULTY},
    )
    planner, generator = faulty(agents.planner, plan, "planner"), faulty(agents.generator, plan, "generator")
    planning = step(
        "PlanPosts", StepEvent, Settings, lambda event, ports: plan_posts(event, ports, planner), begin=True
    )
    every: tuple[Step[Any], ...] = (*STEPS, planning)

    def batch(raw: dict[str, Any]) -> dict[str, Any]:
        # Without the frame: it belongs to a process of its own, and here batches are threads of one.
        return generate_batch(GenerateBatchEvent.from_wire(raw), ports, generator).to_wire()

    return {each.name: partial(quietly, each.over(ports)) for each in every} | {"GenerateBatch": batch}
