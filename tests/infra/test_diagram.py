"""The committed picture of each workflow is that of its synthesised definition. Node is not needed for this."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from lambdas.api.picture import filled
from lambdas.domain.graph.definition import Workflow, parse
from lambdas.domain.graph.model import ExecutionGraph, NodeStatus
from local.diagram import LOCK, PAGE, file_of, is_drawn, page_with, workflows
from tests.infra.templates import Assembly
from tests.support.pictures import SVG, executed, marked, texts

REDRAW = "the workflow's picture is not that of its definition: run `make diagram` and commit what it draws"


@pytest.fixture(scope="module")
def shapes(local: Assembly) -> dict[str, Workflow]:
    return workflows(local.directory)


def test_each_workflow_has_its_picture(shapes: dict[str, Workflow]) -> None:
    assert [name for name, workflow in shapes.items() if not is_drawn(name, workflow)] == [], REDRAW


def test_the_docs_show_the_same_file(shapes: dict[str, Workflow]) -> None:
    assert page_with(shapes, PAGE.read_text()) == PAGE.read_text(), REDRAW


def test_the_shape_is_the_same_on_aws_with_every_option(local: Assembly, aws: Assembly) -> None:
    assert (parse(local.build).shape, local.build == aws.build) == (parse(aws.build).shape, False)


def test_the_picture_has_every_state_and_every_transition(shapes: dict[str, Workflow]) -> None:
    for name, workflow in shapes.items():
        root = ET.parse(file_of(name, workflow)).getroot()
        ids = [group.get("id", "") for group in root.iter(f"{SVG}g")]
        states = [i.removeprefix("state-") for i in ids if i.startswith("state-")]
        ways = sorted(i for i in ids if i.startswith("way-"))
        assert sorted(states) == sorted(marked(workflow))
        assert ways == sorted(
            [f"way-start--{workflow.start_at}"]
            + [f"way-{t.source}--{t.target}{'--caught' if t.caught else ''}" for t in workflow.transitions]
        )


def test_what_only_an_unexpected_error_takes_is_hidden_until_it_is_taken(shapes: dict[str, Workflow]) -> None:
    workflow = shapes["build"]
    picture = file_of("build", workflow).read_text()
    hidden = '<g id="way-AggregateResults--Compensate--caught" class="way caught any" display="none">'
    assert picture.count(hidden) == 1
    assert picture.count('<g id="way-RequestApproval--ApprovalExpired--caught" class="way caught">') == 1
    graph = executed(workflow, caught=("AggregateResults", "Compensate"))
    assert '<g id="way-AggregateResults--Compensate--caught" class="way taken caught any">' in filled(picture, graph)


def test_an_execution_is_filled_in(shapes: dict[str, Workflow]) -> None:
    workflow = shapes["build"]
    picture = file_of("build", workflow).read_text()
    graph: ExecutionGraph = executed(workflow, status=NodeStatus.SUCCEEDED)
    shown = texts(filled(picture, graph))
    assert shown.count("succeeded · 820 ms") == len(marked(workflow))
    assert texts(picture).count("succeeded · 820 ms") == 0


def test_graphviz_is_pinned_by_its_hash_and_runs_no_script_when_it_is_installed() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    project = json.loads(Path(LOCK.with_name("package.json")).read_text())
    locked = {name.removeprefix("node_modules/"): found for name, found in packages.items() if name}
    assert {name: found["version"] for name, found in locked.items()} == project["dependencies"]
    for found in locked.values():
        assert found["integrity"].startswith("sha512-")
        assert "hasInstallScript" not in found
