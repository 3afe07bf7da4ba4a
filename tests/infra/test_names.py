"""One name per step: state, folder, Lambda, log and checkpoint."""

import ast
import re
from pathlib import Path

from lambdas.domain.models import checkpoint as steps
from local.process import ROOT
from tests.infra.templates import Assembly

MAP_STATE, ITEM_STATE = "GeneratePosts", "GenerateBatch"
"""The step is the map; its one task inside does a batch."""


def kebab(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def step_name(handler: Path) -> str:
    """The first argument of ``@step`` in a handler, a literal or a name of ``domain/models/checkpoint.py``."""
    (call,) = [
        decorator
        for node in ast.parse(handler.read_text()).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and isinstance(decorator.func, ast.Name) and decorator.func.id == "step"
    ]
    match call.args[0]:
        case ast.Constant(str(name)):
            return name
        case ast.Name(constant) | ast.Attribute(attr=constant):
            return str(getattr(steps, constant))
        case other:
            raise AssertionError(f"{handler} names its step by {ast.unparse(other)}")


def test_state_folder_function_and_frame_have_one_name(both: Assembly) -> None:
    called = {
        MAP_STATE if state == ITEM_STATE else state: both.name_of({"Fn::Sub": str(task)})
        for state, task in both.tasks.items()
    }
    assert called == {state: kebab(state) for state in called}
    folders = {path.parent.name: step_name(path) for path in (ROOT / "lambdas" / "build").glob("*/handler.py")}
    assert folders == {kebab(state).replace("-", "_"): state for state in called}
    for function in called.values():
        assert both.functions[function]["Handler"] == f"lambdas.build.{function.replace('-', '_')}.handler.handler"


def test_every_folder_of_build_is_a_step() -> None:
    folders = {path for path in (ROOT / "lambdas" / "build").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert {path for path in folders if not (path / "handler.py").is_file()} == set()
    assert {path for path in folders if not (path / "logic.py").is_file()} == set()


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
