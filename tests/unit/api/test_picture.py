"""The picture of an execution: statuses, durations and counts in the committed drawing."""

import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.api import picture
from lambdas.api.picture import drawn, duration, filled
from lambdas.domain.graph.definition import parse
from lambdas.domain.graph.model import ExecutionGraph, GraphNode, MapCounts, NodeKind, NodeStatus, every_node
from lambdas.domain.models.workflow import ExecutionStatus
from statemachine.picture import framed
from tests.support.pictures import DRAWING, NOW, SMALL, SVG, executed, texts

WORKFLOW = parse(SMALL)
PICTURE = framed(DRAWING.read_text(), WORKFLOW, "BUILD", "abc")


def graph(changes: dict[str, dict[str, Any]] | None = None, **more: Any) -> ExecutionGraph:
    """An execution of the small workflow; ``changes`` by the state's name."""
    plain = executed(WORKFLOW)

    def changed(node: GraphNode) -> GraphNode:
        children = tuple(map(changed, node.children))
        return node.model_copy(update={**(changes or {}).get(node.name, {}), "children": children})

    return plain.model_copy(update={"nodes": tuple(map(changed, plain.nodes)), **more})


def group(svg: str, name: str) -> ET.Element:
    (found,) = [g for g in ET.fromstring(svg).iter(f"{SVG}g") if g.get("id") == name]
    return found


def shown(svg: str, name: str) -> list[str]:
    return [element.text for element in group(svg, name).iter(f"{SVG}text") if element.text]


def test_a_state_shows_status_duration_attempts_and_error() -> None:
    svg = filled(
        PICTURE,
        graph(
            {
                "Plan": {
                    "status": NodeStatus.CAUGHT,
                    "duration_ms": 820,
                    "attempts": 3,
                    "visits": 1,
                    "detail": "ThrottledError",
                }
            }
        ),
    )
    plan = group(svg, "state-Plan")
    assert plan.attrib["class"].split() == ["state", "caught", "noted", "task"]
    assert shown(svg, "state-Plan") == ["Plan", "error caught · 820 ms", "ThrottledError"]
    assert plan[0].text == "Plan (Task): error caught, 820 ms, ThrottledError, 3 attempts"
    (sign,) = [use for use in plan.iter(f"{SVG}use") if use.get("class") == "sign"]
    assert (sign.get("href"), sign.get("display")) == ("#caught", None)
    assert shown(svg, "state-Done") == ["Done", "not reached"]


def test_a_map_shows_how_far_it_is() -> None:
    counts = MapCounts(total=2000, running=80, completed=1204, failed=3, unit="posts")
    svg = filled(PICTURE, graph({"Write": {"status": NodeStatus.RUNNING, "counts": counts, "visits": 2}}))
    assert shown(svg, "state-Write") == ["Write", "running", "2 visits", "1,204 of 2,000 posts · 3 failed"]
    bars = {p.get("class"): p.get("d", "") for p in group(svg, "state-Write").iter(f"{SVG}path")}
    lengths = {look: float(d.split("h")[1]) for look, d in bars.items()}
    assert lengths["bar completed"] == pytest.approx(lengths["bar"] * 1204 / 2000, abs=0.1)
    assert lengths["bar failed"] == 4  # never too short to be seen
    assert "1,204 completed, 80 running, 3 failed of 2,000 posts" in (group(svg, "state-Write")[0].text or "")


@given(numbers=st.lists(st.integers(0, 10_000), min_size=3, max_size=3), missing=st.integers(0, 10_000))
@settings(max_examples=50, deadline=None)
def test_the_bar_is_never_overfull_and_shows_a_single_failure(numbers: list[int], missing: int) -> None:
    counts = MapCounts(total=sum(numbers) + missing, completed=numbers[0], failed=numbers[1], running=numbers[2])
    svg = filled(PICTURE, graph({"Write": {"counts": counts}}))
    found = re.findall(r'class="bar( \w+)?" d="M[\d.-]+ [\d.-]+h([\d.]+)"', svg)
    room, parts = float(found[0][1]), {look.strip(): float(length) for look, length in found[1:]}
    assert sum(parts.values()) <= room + 0.2
    assert set(parts) == {look for look, n in zip(("completed", "failed", "running"), numbers, strict=True) if n}
    assert min(parts.values(), default=4) >= 4


def test_a_taken_way_is_marked_and_a_hidden_one_appears() -> None:
    edges = tuple(
        edge.model_copy(update={"taken": (edge.source, edge.target, edge.caught) == ("Plan", "Undo", True)})
        for edge in executed(WORKFLOW).edges
    )
    svg = filled(PICTURE, graph({"Plan": {"visits": 1}}, edges=edges))
    taken = [g for g in ET.fromstring(svg).iter(f"{SVG}g") if "taken" in g.get("class", "") and g.get("id")]
    assert [g.attrib["id"] for g in taken] == ["way-start--Plan", "way-Plan--Undo--caught"]
    assert [g.get("display") for g in taken] == [None, None]
    assert group(svg, "way-Undo--Broken & <lost>--caught").get("display") == "none"


def test_the_header_says_where_the_campaign_is() -> None:
    svg = filled(
        PICTURE,
        graph({"Ask": {"status": NodeStatus.WAITING}}, title="Spring", campaign_status="awaiting_approval"),
    )
    root = ET.fromstring(svg)
    assert root[0].text == "BUILD: Spring – waiting"
    assert "Ask (Task): waiting" in (root[1].text or "")
    assert shown(svg, "execution") == ["waiting"]
    assert group(svg, "execution").get("display") is None
    (facts,) = [text for text in texts(svg) if "Campaign" in text]
    assert facts.split("   ·   ") == [
        "Campaign awaiting approval",
        "Now in Ask",
        "Started 2026-06-01 09:00:00 UTC",
        "So far 1 min 15 s",
    ]


def test_an_execution_that_ended_says_how() -> None:
    svg = filled(PICTURE, graph(status=ExecutionStatus.TIMED_OUT, stopped_at=NOW, error="States.Timeout"))
    assert shown(svg, "execution") == ["timed out"]
    assert any("States.Timeout" in text and "Took 0 ms" in text for text in texts(svg))


@pytest.mark.parametrize("status", list(NodeStatus))
def test_every_status_has_its_icon_and_its_word(status: NodeStatus) -> None:
    svg = filled(PICTURE, graph({"Plan": {"status": status}}))
    icons = {symbol.get("id") for symbol in ET.fromstring(svg).iter(f"{SVG}symbol")}
    (sign,) = [use.get("href", "") for use in group(svg, "state-Plan").iter(f"{SVG}use") if use.get("class") == "sign"]
    assert sign == f"#{status}"
    assert sign[1:] in icons
    assert shown(svg, "state-Plan")[1] == picture.word(status)


@given(text=st.text(max_size=120))
@settings(max_examples=150, deadline=None)
def test_any_text_is_well_formed_and_stays_text(text: str) -> None:
    def made(words: str) -> list[str]:
        changes = {"Plan": {"detail": words, "comment": words, "status": NodeStatus.FAILED}}
        svg = filled(PICTURE, graph(changes, title=words, campaign_status=words, error=words))
        return [element.tag for element in ET.fromstring(svg).iter()]

    assert made(text) == made("Plan")


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', r"\1 \g<0>", '</g><g id="state-Plan">']
)
def test_markup_in_a_name_or_an_error_is_escaped(text: str) -> None:
    svg = filled(PICTURE, graph({"Plan": {"detail": text, "comment": text}}, title=text, error=text))
    assert text not in svg or "<" not in text
    assert text in texts(svg)
    assert "<script" not in svg
    assert "<img" not in svg


def test_what_the_picture_does_not_have_is_left_out() -> None:
    other = GraphNode(name="Elsewhere", kind=NodeKind.TASK, status=NodeStatus.FAILED)
    svg = filled(PICTURE, graph(nodes=(other,), edges=()))
    assert shown(svg, "state-Plan") == ["Plan", "task"]


def test_the_file_of_the_shape_is_found(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "PICTURES", tmp_path)
    assert drawn(graph()) is None
    (tmp_path / f"build-{WORKFLOW.shape}.svg").write_text(PICTURE, "utf-8")
    assert drawn(graph()) == filled(PICTURE, graph())


def test_the_same_graph_is_the_same_text() -> None:
    assert filled(PICTURE, graph()) == filled(PICTURE, graph())
    assert [node.name for node in every_node(graph().nodes)] == [
        node.name for node in every_node(executed(WORKFLOW).nodes)
    ]


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "0 ms"),
        (820, "820 ms"),
        (999.7, "1.0 s"),
        (4210, "4.2 s"),
        (59_960, "1 min 00 s"),
        (185_000, "3 min 05 s"),
        (7_620_000, "2 h 07 min"),
        (604_800_000, "7 d 0 h"),
    ],
)
def test_durations_read_well(milliseconds: float, words: str) -> None:
    assert duration(milliseconds) == words
