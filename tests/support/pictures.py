"""Executions to fill into a picture, and what an SVG says."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from lambdas.domain.graph.definition import DefinedState, Workflow
from lambdas.domain.graph.model import ExecutionGraph, GraphEdge, GraphNode, NodeStatus
from lambdas.domain.models.workflow import ExecutionStatus
from local.process import ROOT

SMALL: dict[str, Any] = {
    "StartAt": "Plan",
    "States": {
        "Plan": {
            "Type": "Task",
            "Resource": "arn",
            "Next": "Write",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}],
        },
        "Write": {
            "Type": "Map",
            "Next": "Ask",
            "ItemProcessor": {
                "StartAt": "Batch",
                "States": {"Batch": {"Type": "Task", "Resource": "arn", "End": True}},
            },
        },
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Next": "Decide",
            "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Done"}],
        },
        "Decide": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.d", "StringEquals": 'say "again"', "Next": "Write"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
        "Undo": {
            "Type": "Task",
            "Resource": "arn",
            "Next": "Broken & <lost>",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Broken & <lost>"}],
        },
        "Broken & <lost>": {"Type": "Fail"},
    },
}
DRAWING = ROOT / "tests" / "data" / "small.graphviz.svg"
"""What Graphviz made of ``dot(parse(SMALL))``."""
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def executed(
    workflow: Workflow,
    *,
    status: NodeStatus = NodeStatus.NOT_REACHED,
    caught: tuple[str, str] | None = None,
    **more: Any,
) -> ExecutionGraph:
    """An execution of ``workflow`` that runs, all of its states in ``status``, with one error's transition taken."""
    reached = status is not NodeStatus.NOT_REACHED

    def node(state: DefinedState) -> GraphNode:
        return GraphNode(
            name=state.name,
            kind=state.kind,
            status=status,
            callback=state.callback,
            visits=int(reached),
            duration_ms=820 if reached else None,
            children=tuple(map(node, state.inner)),
        )

    fields: dict[str, Any] = {
        "workflow": "BUILD",
        "execution_arn": "arn:x",
        "status": ExecutionStatus.RUNNING,
        "shape": workflow.shape,
        "start_at": workflow.start_at,
        "started_at": NOW,
        "as_of": NOW + timedelta(seconds=75),
        "nodes": tuple(map(node, workflow.states)),
        "edges": tuple(
            GraphEdge(**vars(t), taken=t.caught and (t.source, t.target) == caught) for t in workflow.transitions
        ),
    }
    return ExecutionGraph(**{**fields, **more})


def marked(workflow: Workflow) -> list[str]:
    """The names of all states, those inside maps too."""

    def names(states: Iterable[DefinedState]) -> list[str]:
        return [name for state in states for name in (state.name, *names(state.inner))]

    return names(workflow.states)


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]
