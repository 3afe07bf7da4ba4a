"""One name per step: state, module, Lambda, log and checkpoint."""

import importlib
import re

from lambdas.adapters.step import Step
from lambdas.domain.models import checkpoint as steps
from tests.architecture.sources import sources
from tests.infra.templates import Assembly

MAP_STATE, ITEM_STATE = "GeneratePosts", "GenerateBatch"
"""The step is the map; its one task inside does a batch."""


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def step_of(module: str) -> str:
    """The name that the frame of a state's handler has: in its logs, metrics and checkpoints."""
    (name,) = {member.name for member in vars(importlib.import_module(module)).values() if isinstance(member, Step)}
    return str(name)


def test_state_module_function_and_frame_have_one_name(both: Assembly) -> None:
    called = {
        MAP_STATE if state == ITEM_STATE else state: both.name_of({"Fn::Sub": str(task)})
        for state, task in both.tasks.items()
    }
    assert called == {state: kebab(state) for state in called}
    modules = [source.name for source in sources("lambdas") if source.room == "build" and source.is_handler]
    named = {module.rpartition(".")[2]: step_of(module) for module in modules}
    assert named == {kebab(state).replace("-", "_"): state for state in called}
    for function in called.values():
        assert both.functions[function]["Handler"] == f"lambdas.build.{function.replace('-', '_')}.handler"


def test_the_list_of_steps_is_the_road_through_the_machine(local: Assembly) -> None:
    """What ``GET /campaigns/{id}/progress`` counts is what the machine does when everything goes well."""
    road, state = [], local.build["StartAt"]
    while state:
        if local.states[state]["Type"] in ("Task", "Map"):
            road.append(state)
        state = local.states[state].get("Next") or next(
            (choice["Next"] for choice in local.states[state].get("Choices", [])), None
        )
    assert tuple(road) == steps.BUILD_STEPS


def test_the_map_has_its_steps_name_in_the_arns_of_its_runs(local: Assembly) -> None:
    assert local.states[MAP_STATE]["Label"] == MAP_STATE
    inside = local.states[MAP_STATE]["ItemProcessor"]["States"]
    assert [name for name, state in inside.items() if state["Type"] == "Task"] == [ITEM_STATE]
