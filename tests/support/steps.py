"""The Lambdas of BUILD over the fakes: the same frame and the same logic, other ports."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, NamedTuple

from lambdas import build
from lambdas.adapters.step import Step
from lambdas.bootstrap import step
from lambdas.build.generate_posts import generate_batch
from lambdas.build.plan_posts import plan_posts
from lambdas.domain.models.workflow import GenerateBatchEvent, StepEvent
from lambdas.settings import Settings
from tests.support.agents import Generator, Planner
from tests.support.faults import FaultPlan, faulty, replaced
from tests.support.logs import silence
from tests.support.world import World, stores_on

Function = Callable[[dict[str, Any]], dict[str, Any]]
FAULTY = ("manifests", "recent_texts", "remembered_texts", "keys", "mailer", "alerts")
"""Beside the stores, which work on a faulty table."""


@cache
def steps() -> Mapping[str, Step[Any]]:
    """Every state's frame by its module: one name for each step everywhere."""
    modules = {module.name: import_module(f"{build.__name__}.{module.name}") for module in iter_modules(build.__path__)}
    return {name: each for name, module in modules.items() for each in vars(module).values() if isinstance(each, Step)}


def quietly(handler: Callable[[dict[str, Any], object], dict[str, Any]], raw: dict[str, Any]) -> dict[str, Any]:
    with silence():
        return handler(raw, None)


class Agents(NamedTuple):
    planner: Planner
    generator: Generator


def functions(world: World, agents: Agents, plan: FaultPlan) -> Mapping[str, Function]:
    """By the Lambda's name, what takes its event and answers its result; every port call goes through ``plan``."""
    ports = replaced(
        world,
        **stores_on(faulty(world.table, plan, "table"), world.clock),
        **{name: faulty(getattr(world, name), plan, name) for name in FAULTY},
    )
    planner, generator = faulty(agents.planner, plan, "planner"), faulty(agents.generator, plan, "generator")
    planning = step(
        "PlanPosts", StepEvent, Settings, lambda event, ports: plan_posts(event, ports, planner), begin=True
    )

    def batch(raw: dict[str, Any]) -> dict[str, Any]:
        # Without the frame: it belongs to a process of its own, and here batches are threads of one.
        return generate_batch(GenerateBatchEvent.from_wire(raw), ports, generator).to_wire()

    every = {**steps(), "plan_posts": planning}
    called = {name.replace("_", "-"): partial(quietly, each.over(ports)) for name, each in every.items()}
    return {**called, "generate-posts": batch}
