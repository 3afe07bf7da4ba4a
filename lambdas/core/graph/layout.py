"""Where everything stands: a layered drawing, read from top to bottom.

The flow is one column of rows; what only failures reach stands in a second column to its right. Between the two runs
the gutter with the rails of caught errors, and left of the flow run the loops. A map or a parallel is a container
around a layout of its own. Nothing is random: the same graph is always drawn the same.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

from lambdas.core.graph.columns import Grid, Tie, order, place
from lambdas.core.graph.geometry import Box, Layout, Route
from lambdas.core.graph.layers import Layers, layers, main_ways
from lambdas.core.graph.model import GraphEdge, GraphNode, NodeKind, every_node
from lambdas.core.graph.routes import BEND_WIDTH, Rows, gutter, lane_routes, smooth_routes
from lambdas.core.graph.sizes import (
    COUNTS_HEIGHT,
    MIN_WIDTH,
    PAD,
    PILE,
    counts_width,
    header_height,
    is_container,
    label_width,
    node_width,
)

ROW_GAP: Final = 58
TRUNK_GAP: Final = 40
"""Between two rows of one state each: nothing turns there."""
COLUMN_GAP: Final = 44
_FLOW, _CHOICE, _BEND, _CAUGHT = 8.0, 2.0, 6.0, 0.6


def layout(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge], start: str | None = None) -> Layout:
    """Lay out ``nodes`` and those of ``edges`` that run between them; containers bring their own inner layout."""
    names = {node.name for node in nodes}
    own = [edge for edge in edges if edge.source in names and edge.target in names]
    inner = {node.name: layout(node.children, edges) for node in nodes if is_container(node)}
    sizes = _sizes(nodes, inner)
    plan = layers([node.name for node in nodes], own, start)
    boxes, bends = _Placing(nodes, own, plan, sizes).boxes()
    rows = Rows.of(plan.rank, boxes)
    routes = [*smooth_routes(own, plan, boxes, rows, bends), *lane_routes(own, plan, boxes, rows, bends)]
    for node in nodes:
        if node.name in inner:
            _insert(node, inner[node.name], boxes, routes)
    return _framed(boxes, routes)


def _sizes(nodes: Sequence[GraphNode], inner: Mapping[str, Layout]) -> dict[str, tuple[float, float]]:
    common = node_width(nodes) if nodes else MIN_WIDTH
    sizes: dict[str, tuple[float, float]] = {}
    for node in nodes:
        if node.name in inner:
            within = inner[node.name]
            pile = PILE if node.kind is NodeKind.MAP else 0
            height = header_height(node) + within.height + pile + PAD + (COUNTS_HEIGHT if node.counts else 0)
            wide = max(common, within.width + 2 * pile, counts_width(node.counts) if node.counts else 0)
            sizes[node.name] = (round(wide + 2 * PAD), height)
        else:
            sizes[node.name] = (common, header_height(node))
    return sizes


class _Placing:
    """Rows, order and coordinates of the nodes of one level."""

    def __init__(
        self,
        nodes: Sequence[GraphNode],
        edges: Sequence[GraphEdge],
        plan: Layers,
        sizes: Mapping[str, tuple[float, float]],
    ) -> None:
        self._names = [node.name for node in nodes]
        self._plan, self._sizes = plan, sizes
        self._number = {name: at for at, name in enumerate(self._names)}
        self._chains: dict[GraphEdge, list[int]] = {}
        self._row = [plan.rank[name] for name in self._names]
        self._aside = [name in plan.aside for name in self._names]
        self._width = {at: sizes[name][0] for at, name in enumerate(self._names)}
        smooth = [edge for edge in edges if self._is_smooth(edge)]
        trunk = main_ways(self._names, smooth, plan.rank)
        self._ties = [tie for edge in smooth for tie in self._chain(edge, main=edge in trunk)]
        _, self._gutter = gutter(edges, plan)
        self._labelled = {plan.rank[edge.source] for edge in smooth if edge.label}

    def _is_smooth(self, edge: GraphEdge) -> bool:
        plan = self._plan
        across = (edge.source in plan.aside) != (edge.target in plan.aside)
        return edge not in plan.loops and edge not in plan.rails and not across

    def _chain(self, edge: GraphEdge, *, main: bool) -> list[Tie]:
        """The edge's vertices from row to row, with a bend in each row it passes."""
        source, target = self._number[edge.source], self._number[edge.target]
        chain = [source]
        for row in range(self._row[source] + 1, self._row[target]):
            bend = len(self._row)
            self._row.append(row)
            self._aside.append(self._aside[source])
            self._width[bend] = BEND_WIDTH
            chain.append(bend)
        chain.append(target)
        self._chains[edge] = chain
        weight = _CAUGHT if edge.caught else _FLOW if main else _CHOICE
        if len(chain) > 2:
            weight = min(weight, 1.0)
            self._width[chain[1]] += label_width(edge.label)
        last = len(self._names)
        return [Tie(a, b, _BEND if a >= last and b >= last else weight) for a, b in pairwise(chain)]

    def boxes(self) -> tuple[dict[str, Box], dict[GraphEdge, list[float]]]:
        """The boxes, and for each smooth edge the x of its bends."""
        flow = self._column(aside=False)
        aside = self._column(aside=True)
        if aside:
            right = max((flow[at] + self._width[at] / 2 for at in flow), default=0.0)
            shift = right + self._gutter - min(aside[at] - self._width[at] / 2 for at in aside)
            aside = {at: x + shift for at, x in aside.items()}
        middle = {at: float(round(x)) for at, x in {**flow, **aside}.items()}
        tops, heights = self._bands()
        boxes = {
            name: Box(
                middle[at] - self._sizes[name][0] / 2,
                tops[self._row[at]] + (heights[self._row[at]] - self._sizes[name][1]) / 2,
                *self._sizes[name],
            )
            for at, name in enumerate(self._names)
        }
        return boxes, {edge: [middle[at] for at in chain[1:-1]] for edge, chain in self._chains.items()}

    def _column(self, *, aside: bool) -> dict[int, float]:
        members = [at for at in self._in_reading_order() if self._aside[at] == aside]
        rows = [[at for at in members if self._row[at] == row] for row in range(max(self._row, default=0) + 1)]
        chosen = set(members)
        ties = [tie for tie in self._ties if tie.upper in chosen and tie.lower in chosen]
        grid = Grid(rows, ties, {at: self._width[at] for at in members}, COLUMN_GAP, len(self._names))
        order(grid)
        return place(grid)

    def _in_reading_order(self) -> list[int]:
        """Depth first along the edges as they are written, so that the first way out of a choice is the left one."""
        below: dict[int, list[int]] = {}
        for tie in self._ties:
            below.setdefault(tie.upper, []).append(tie.lower)
        seen: dict[int, None] = {}
        stack = sorted(range(len(self._row)), key=lambda at: (self._row[at], at), reverse=True)
        while stack:
            at = stack.pop()
            if at not in seen:
                seen[at] = None
                stack.extend(reversed(below.get(at, [])))
        return list(seen)

    def _bands(self) -> tuple[list[float], list[float]]:
        """Top and height of each row."""
        heights = [0.0] * (max(self._row, default=0) + 1)
        for at, name in enumerate(self._names):
            heights[self._row[at]] = max(heights[self._row[at]], self._sizes[name][1])
        tops, top = [], 0.0
        for row, height in enumerate(heights):
            tops.append(top)
            single = self._row.count(row) == self._row.count(row + 1) == 1
            top += height + (TRUNK_GAP if single and row not in self._labelled else ROW_GAP)
        return tops, heights


def _insert(node: GraphNode, inner: Layout, boxes: dict[str, Box], routes: list[Route]) -> None:
    outer = boxes[node.name]
    dx, dy = outer.centre.x - inner.width / 2, outer.y + header_height(node)
    boxes.update({name: box.moved(dx, dy, inside=node.name) for name, box in inner.boxes.items()})
    routes.extend(route.moved(dx, dy) for route in inner.routes)


def _framed(boxes: Mapping[str, Box], routes: Sequence[Route]) -> Layout:
    """Shifted so that the frame around boxes, lines and labels begins at 0, 0."""
    xs = [x for box in boxes.values() for x in (box.x, box.right)]
    ys = [y for box in boxes.values() for y in (box.y, box.bottom)]
    for route in routes:
        xs += [point.x for point in route.points]
        ys += [point.y for point in route.points]
        if route.label:
            long = label_width(route.label.text)
            share = {"start": 0.0, "middle": 0.5, "end": 1.0}[route.label.anchor]
            xs += [route.label.at.x - long * share, route.label.at.x + long * (1 - share)]
    if not xs:
        return Layout(0, 0, {}, ())
    dx, dy = -min(xs), -min(ys)
    return Layout(
        max(xs) + dx,
        max(ys) + dy,
        {name: box.moved(dx, dy) for name, box in boxes.items()},
        tuple(route.moved(dx, dy) for route in routes),
    )


def layout_graph(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge], start: str) -> Layout:
    """The layout of a whole graph; refuses edges to nowhere, which would silently be left out of the picture."""
    names = {node.name for node in every_node(nodes)}
    for edge in edges:
        if edge.source not in names or edge.target not in names:
            raise ValueError(f"edge {edge.source!r} → {edge.target!r} has an end that is no node")
    return layout(nodes, edges, start)
