"""The layout: nothing overlaps, every line begins and ends at a border, and it is always the same."""

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.core.graph.columns import separated
from lambdas.core.graph.geometry import Box, Layout, Point, Route
from lambdas.core.graph.layers import layers
from lambdas.core.graph.layout import layout_graph
from lambdas.core.graph.model import ANY_ERROR, GraphEdge, GraphNode, MapCounts, NodeKind, NodeStatus, every_node
from lambdas.core.graph.sizes import LABEL_ROOM

TOUCH = 0.51  # positions are rounded to whole pixels


def task(name: str, **more: Any) -> GraphNode:
    return GraphNode(name=name, kind=NodeKind.TASK, **more)


def way(source: str, target: str, label: str | None = None, *, caught: bool = False) -> GraphEdge:
    return GraphEdge(source=source, target=target, label=label, caught=caught)


def build_like() -> tuple[list[GraphNode], list[GraphEdge]]:
    names = [
        "Validate",
        "Plan",
        "Write",
        "Ask",
        "Decide",
        "Complete",
        "Reject",
        "Expired",
        "Yes",
        "No",
        "Record",
        "Bad",
    ]
    nodes = [task(name) for name in names]
    nodes[2] = GraphNode(
        name="Write", kind=NodeKind.MAP, children=(task("Batch"), task("Sum")), counts=MapCounts(total=2000)
    )
    edges = [way(a, b) for a, b in pairwise(names[:5])]
    edges += [
        way("Decide", "Complete", "approved"),
        way("Decide", "Reject", "otherwise"),
        way("Decide", "Plan", "again"),
    ]
    edges += [way("Complete", "Yes"), way("Reject", "No"), way("Expired", "Reject"), way("Record", "Bad")]
    edges += [way("Ask", "Expired", "States.Timeout", caught=True), way("Batch", "Sum")]
    caught = ("Validate", "Plan", "Write", "Ask", "Complete", "Reject")
    edges += [way(name, "Record", ANY_ERROR, caught=True) for name in caught]
    return nodes, [*edges, way("Record", "Bad", ANY_ERROR, caught=True)]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[GraphNode], list[GraphEdge]]:
    """Small workflows: any acyclic transitions, with catches, labels, loops, and a map among the states."""
    count = draw(st.integers(1, 9))
    names = [f"S{at}" + "x" * draw(st.integers(0, 30)) for at in range(count)]
    holds_map = draw(st.integers(-1, count - 1))
    nodes = [task(name, detail=draw(st.sampled_from([None, "SomeError"]))) for name in names]
    if holds_map >= 0:
        inner = (task("Inner"), task("Other"))
        nodes[holds_map] = GraphNode(
            name=names[holds_map], kind=NodeKind.MAP, children=inner, counts=draw(st.sampled_from([None, COUNTS]))
        )
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1), st.booleans())
    edges = [way("Inner", "Other")] if holds_map >= 0 else []
    for a, b, caught in draw(st.lists(ends, max_size=16, unique=True)):
        backwards = draw(st.integers(0, 4)) == 0
        if a != b or backwards:
            source, target = (max(a, b), min(a, b)) if backwards else (min(a, b), max(a, b))
            label = draw(st.sampled_from([None, "approved", ANY_ERROR, "a label that is rather long, and then some"]))
            edges.append(way(names[source], names[target], label, caught=caught))
    return nodes, list(dict.fromkeys(edges))


COUNTS = MapCounts(total=10_000, running=80, completed=4000, failed=12, unit="posts")


def overlap(a: Box, b: Box) -> bool:
    across = a.x + TOUCH < b.right and b.x + TOUCH < a.right
    return across and a.y + TOUCH < b.bottom and b.y + TOUCH < a.bottom


def contains(outer: Box, inner: Box) -> bool:
    return outer.x < inner.x and outer.y < inner.y and inner.right < outer.right and inner.bottom < outer.bottom


def assert_sound(nodes: list[GraphNode], edges: list[GraphEdge], plan: Layout) -> None:
    assert set(plan.boxes) == {node.name for node in every_node(nodes)}
    for (_, a), (_, b) in combinations(plan.boxes.items(), 2):
        if a.inside == b.inside:
            assert not overlap(a, b)
    for box in plan.boxes.values():
        assert box.x >= -TOUCH
        assert box.y >= -TOUCH
        assert box.right <= plan.width + TOUCH
        assert box.bottom <= plan.height + TOUCH
        assert box.inside is None or contains(plan.boxes[box.inside], box)
    assert sorted(map(repr, edges)) == sorted(repr(route.edge) for route in plan.routes)
    for route in plan.routes:
        assert on_border(plan.boxes[route.edge.source], route.points[0])
        assert on_border(plan.boxes[route.edge.target], route.points[-1])
        assert_clear_of_nodes(route, plan)


def on_border(box: Box, point: Point) -> bool:
    within = box.x <= point.x <= box.right and box.y <= point.y <= box.bottom
    return within and (point.x in (box.x, box.right) or point.y in (box.y, box.bottom))


def assert_clear_of_nodes(route: Route, plan: Layout) -> None:
    """No line runs through a node. A container only stands in the way of lines from outside."""
    level = plan.boxes[route.edge.source].inside
    boxes = [box for box in plan.boxes.values() if box.inside == level]
    for a, b in pieces(route):
        box = Box(min(a.x, b.x), min(a.y, b.y), abs(a.x - b.x), abs(a.y - b.y))
        assert not [other for other in boxes if overlap(box, other)], route


def pieces(route: Route) -> Iterator[tuple[Point, Point]]:
    """A bend stays within the rectangle of its ends, so rectangles are enough."""
    yield from pairwise(route.points)


@given(graph=graphs())
@settings(max_examples=200, deadline=None)
def test_nothing_overlaps_whatever_the_workflow(graph: tuple[list[GraphNode], list[GraphEdge]]) -> None:
    nodes, edges = graph
    assert_sound(nodes, edges, layout_graph(nodes, edges, nodes[0].name))


def test_a_workflow_like_build_is_sound() -> None:
    nodes, edges = build_like()
    assert_sound(nodes, edges, layout_graph(nodes, edges, "Validate"))


def test_the_same_graph_is_drawn_the_same() -> None:
    nodes, edges = build_like()
    assert layout_graph(nodes, edges, "Validate") == layout_graph(nodes, edges, "Validate")


def test_the_flow_goes_straight_down() -> None:
    nodes, edges = build_like()
    boxes = layout_graph(nodes, edges, "Validate").boxes
    trunk = [boxes[name] for name in ("Validate", "Plan", "Write", "Ask", "Decide", "Complete", "Yes")]
    assert {box.centre.x for box in trunk} == {trunk[0].centre.x}
    assert [box.y for box in trunk] == sorted(box.y for box in trunk)


def test_what_only_failures_reach_stands_to_the_right_of_the_flow() -> None:
    nodes, edges = build_like()
    boxes = layout_graph(nodes, edges, "Validate").boxes
    flow = max(box.right for name, box in boxes.items() if name not in ("Record", "Bad"))
    assert flow < boxes["Record"].x
    assert flow < boxes["Bad"].x


def test_caught_errors_share_one_rail() -> None:
    nodes, edges = build_like()
    plan = layout_graph(nodes, edges, "Validate")
    rails = [route for route in plan.routes if route.edge.caught and route.edge.target == "Record"]
    assert len(rails) == 6
    assert len({route.points[-2] for route in rails}) == 1
    assert all(not route.smooth for route in rails)


def test_a_loop_runs_on_the_left() -> None:
    nodes, edges = build_like()
    plan = layout_graph(nodes, edges, "Validate")
    (loop,) = [route for route in plan.routes if route.edge.label == "again"]
    assert min(point.x for point in loop.points) < min(box.x for box in plan.boxes.values())


def test_every_arrow_that_is_no_loop_points_down() -> None:
    nodes, edges = build_like()
    names = {node.name for node in nodes}
    own = [edge for edge in edges if edge.source in names]
    plan = layers([node.name for node in nodes], own, "Validate")
    assert [edge.label for edge in plan.loops] == ["again"]
    assert all(plan.rank[e.source] < plan.rank[e.target] for e in own if e not in plan.loops)


def test_labels_stay_within_the_picture() -> None:
    nodes = [task("A"), task("B"), task("C")]
    edges = [way("A", "B"), way("B", "C"), way("C", "A", "w" * 200)]
    plan = layout_graph(nodes, edges, "A")
    (label,) = [route.label for route in plan.routes if route.label]
    assert label.at.x >= LABEL_ROOM - 1
    assert plan.width < 3 * LABEL_ROOM + 400


def test_a_name_wider_than_a_node_makes_the_nodes_wider_up_to_a_limit() -> None:
    narrow, wide, huge = (layout_graph([task(n * "m")], [], n * "m").width for n in (3, 16, 80))
    assert narrow < wide < huge <= 330


def test_an_edge_to_nowhere_is_refused() -> None:
    with pytest.raises(ValueError, match="no node"):
        layout_graph([task("A")], [way("A", "B")], "A")


@given(
    rows=st.lists(st.tuples(st.floats(-1000, 1000), st.floats(0.01, 100), st.floats(0, 300)), min_size=1, max_size=12)
)
def test_separated_positions_keep_their_distance(rows: list[tuple[float, float, float]]) -> None:
    wanted, weights, steps = ([row[at] for row in rows] for at in range(3))
    placed = separated(wanted, weights, steps[1:])
    for (left, right), step in zip(pairwise(placed), steps[1:], strict=True):
        assert right - left >= step - 1e-6


def test_positions_that_are_far_enough_apart_are_left_alone() -> None:
    assert separated([0, 100, 250], [1, 1, 1], [50, 50]) == [0, 100, 250]


def test_status_takes_no_part_in_where_things_stand() -> None:
    done = [task("A", status=NodeStatus.SUCCEEDED), task("B", status=NodeStatus.RUNNING)]
    edges = [way("A", "B")]
    assert layout_graph(done, edges, "A").boxes == layout_graph([task("A"), task("B")], edges, "A").boxes
