"""The drawing: well-formed, harmless, readable."""

import re
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.core.graph import paint
from lambdas.core.graph.draw_nodes import shares
from lambdas.core.graph.glyphs import KIND, STATUS
from lambdas.core.graph.model import (
    ExecutionGraph,
    ExecutionStatus,
    GraphEdge,
    GraphNode,
    MapCounts,
    NodeKind,
    NodeStatus,
)
from lambdas.core.graph.svg import render_svg
from lambdas.core.graph.text import duration, shortened, width

NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def graph(name: str = "Plan", **more: Any) -> ExecutionGraph:
    fields: dict[str, Any] = {
        "workflow": "Build",
        "execution_arn": "arn:x",
        "status": ExecutionStatus.RUNNING,
        "start_at": name,
        "started_at": NOW,
        "as_of": NOW + timedelta(seconds=75),
        "nodes": (
            GraphNode(
                name=name, kind=NodeKind.TASK, status=NodeStatus.SUCCEEDED, attempts=3, visits=1, duration_ms=820
            ),
            GraphNode(
                name="Write",
                kind=NodeKind.MAP,
                status=NodeStatus.RUNNING,
                visits=2,
                counts=MapCounts(total=2000, running=80, completed=1204, failed=3, unit="posts"),
                children=(GraphNode(name="Batch", kind=NodeKind.TASK, status=NodeStatus.RUNNING),),
            ),
        ),
        "edges": (GraphEdge(source=name, target="Write", label=f"to {name}", taken=True),),
    }
    return ExecutionGraph(**{**fields, **more})


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def test_it_is_an_image_with_a_name_and_a_description() -> None:
    root = ET.fromstring(render_svg(graph(title="Spring")))
    assert root.attrib["role"] == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == "Build: Spring – running"
    assert root[1].tag == f"{SVG}desc"
    assert "3 of 3 states were reached" in (root[1].text or "")
    assert "1,204 completed, 80 running, 3 failed of 2,000 posts" in (root[1].text or "")


def test_it_tells_status_attempts_duration_visits_and_counts_in_words() -> None:
    shown = texts(render_svg(graph(title="Spring", campaign_status="awaiting_approval")))
    assert "Spring" in shown
    assert "succeeded · 820 ms" in shown
    assert {"3×", "2×", "1,204", "3", "80", "of 2,000 posts"} <= set(shown)
    assert any("Campaign awaiting approval" in text and "So far 1 min 15 s" in text for text in shown)


def test_an_error_is_named() -> None:
    failed = GraphNode(name="Plan", kind=NodeKind.TASK, status=NodeStatus.FAILED, detail="ThrottledError")
    shown = texts(render_svg(graph(nodes=(failed,), edges=(), status=ExecutionStatus.FAILED, stopped_at=NOW)))
    assert "ThrottledError" in shown
    assert "failed" in shown


@pytest.mark.parametrize("status", list(ExecutionStatus))
@pytest.mark.parametrize("kind", list(NodeKind))
def test_every_status_and_kind_can_be_drawn(status: ExecutionStatus, kind: NodeKind) -> None:
    nodes = tuple(GraphNode(name=f"N{s}", kind=kind, status=s) for s in NodeStatus)
    svg = render_svg(graph(nodes=nodes, edges=(), status=status, start_at=nodes[0].name))
    assert set(paint.WORDS.values()) <= set(texts(svg))


@given(name=st.text(min_size=1, max_size=60).filter(lambda text: bool(text.strip()) and text.strip() != "Write"))
@settings(max_examples=150, deadline=None)
def test_any_name_is_well_formed_and_stays_text(name: str) -> None:
    svg = render_svg(graph(name.strip(), title=name, campaign_status=name, error=name))
    root = ET.fromstring(svg)
    plain = ET.fromstring(render_svg(graph("Plan", title="Plan", campaign_status="Plan", error="Plan")))
    assert [e.tag for e in root.iter()] == [e.tag for e in plain.iter()]


def test_markup_in_a_name_is_escaped() -> None:
    svg = render_svg(graph("<script>alert(1)</script>", title='"><img src=x onerror=alert(1)>'))
    assert "<script" not in svg
    assert "<img" not in svg


def test_nothing_is_loaded_and_nothing_runs() -> None:
    svg = render_svg(graph())
    tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(svg).iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "path", "g", "text", "circle"}
    assert not re.search(r"href|url\(|@import|@font-face|\son\w+=", svg)
    assert svg.count("http") == 1  # the namespace


def test_it_needs_no_style_sheet_to_be_seen() -> None:
    """A Content-Security-Policy may forbid the sheet: every shape carries its own colours."""
    root = ET.fromstring(render_svg(graph()))
    for element in root.iter():
        if element.tag.removeprefix(SVG) in ("rect", "path", "text", "circle"):
            assert "fill" in element.attrib or "stroke" in element.attrib, element.attrib


def test_the_same_graph_is_the_same_text() -> None:
    assert render_svg(graph()) == render_svg(graph())


def test_a_taken_path_is_stronger_than_one_not_taken() -> None:
    def weight(*, taken: bool) -> str:
        edge = GraphEdge(source="Plan", target="Write", taken=taken)
        root = ET.fromstring(render_svg(graph(edges=(edge,))))
        name = "taken" if taken else "idle"
        lines = [e for e in root.iter(f"{SVG}path") if e.get("class") == f"xg-s-{name}" and e.get("fill") == "none"]
        return lines[-1].attrib["stroke-width"] if not taken else lines[1].attrib["stroke-width"]

    assert float(weight(taken=True)) > float(weight(taken=False))


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    lighter, darker = sorted((luminance(a), luminance(b)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1])
@pytest.mark.parametrize("status", list(NodeStatus))
def test_contrast_reaches_aa(status: NodeStatus, scheme: int) -> None:
    tone = (paint.LIGHT, paint.DARK)[scheme][status]
    page = {name: colours[scheme] for name, colours in paint.PAGE.items()}
    assert contrast(tone.text, tone.ground) >= 4.5
    assert contrast(page["ink"], tone.ground) >= 4.5
    assert contrast(page["soft"], tone.ground) >= 4.5
    assert contrast(page["soft"], page["page"]) >= 4.5
    assert contrast(tone.line, tone.ground) >= 3
    assert contrast(tone.line, page["page"]) >= 3
    assert contrast(page["on-icon"], tone.line) >= 3
    if status is not NodeStatus.NOT_REACHED:  # the only one whose badges are never drawn
        assert contrast(page["on-icon"], tone.line) >= 4.5


def test_colour_is_never_the_only_cue() -> None:
    assert len(set(STATUS.values())) == len(NodeStatus)
    assert len(set(KIND.values())) == len(NodeKind)
    assert len(set(paint.WORDS.values())) == len(NodeStatus)


@given(
    numbers=st.lists(st.integers(0, 10_000), min_size=3, max_size=3),
    missing=st.integers(0, 10_000),
)
def test_the_bar_is_never_overfull_and_shows_a_single_failure(numbers: list[int], missing: int) -> None:
    lengths = shares(numbers, sum(numbers) + missing, 200)
    assert sum(lengths) <= 200.0001
    assert all((length >= 4) == (number > 0) for length, number in zip(lengths, numbers, strict=True))


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


@given(text=st.text(max_size=80), room=st.floats(20, 400))
def test_a_shortened_text_fits(text: str, room: float) -> None:
    assert width(shortened(text, room, 12), 12) <= room
