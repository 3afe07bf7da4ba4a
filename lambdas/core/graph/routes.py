"""How the edges run: smooth ones from row to row, the rest along lanes where no node stands."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lambdas.core.graph.geometry import Box, Label, Point, Route
from lambdas.core.graph.layers import Layers
from lambdas.core.graph.model import ANY_ERROR, GraphEdge
from lambdas.core.graph.sizes import label_width

BEND_WIDTH: Final = 26
_PORT: Final = 30
"""Distance of neighbouring ports on a border, where there is room."""
_LANE: Final = 18
_FIRST_LANE: Final = 30
_ABOVE: Final = 20
"""How far above a row, or below it, a line runs along."""


@dataclass(frozen=True)
class Rows:
    """The bands of the rows and who stands in them."""

    members: Mapping[int, list[str]]
    top: Mapping[int, float]
    bottom: Mapping[int, float]
    rank: Mapping[str, int]

    @classmethod
    def of(cls, rank: Mapping[str, int], boxes: Mapping[str, Box]) -> "Rows":
        members: dict[int, list[str]] = {}
        for name in boxes:
            members.setdefault(rank[name], []).append(name)
        top = {row: min(boxes[name].y for name in names) for row, names in members.items()}
        bottom = {row: max(boxes[name].bottom for name in names) for row, names in members.items()}
        return cls(members, top, bottom, rank)


def smooth_routes(
    edges: Sequence[GraphEdge],
    plan: Layers,
    boxes: Mapping[str, Box],
    rows: Rows,
    bends: Mapping[GraphEdge, Sequence[float]],
) -> Iterator[Route]:
    """Routes of the edges in ``bends``: down the middle of the page, bending only between rows."""
    smooth = [edge for edge in edges if edge in bends]
    leave = _ports(smooth, boxes, bends, leaving=True)
    enter = _ports(smooth, boxes, bends, leaving=False)
    for edge in smooth:
        source, target, row = boxes[edge.source], boxes[edge.target], plan.rank[edge.source]
        points = [Point(leave[edge], source.bottom), Point(leave[edge], rows.bottom[row])]
        for step, x in enumerate(bends[edge], start=1):
            points += [Point(x, rows.top[row + step]), Point(x, rows.bottom[row + step])]
        points += [Point(enter[edge], rows.top[plan.rank[edge.target]]), Point(enter[edge], target.y)]
        label = None
        if edge.label and not (edge.caught and edge.label == ANY_ERROR):
            label = Label(edge.label, _between(points[1], points[2]))
        yield Route(edge, _distinct(points), True, label)


def _between(upper: Point, lower: Point) -> Point:
    """A little past the middle of the bend, where the ways out of a choice have parted."""
    return Point(upper.x + (lower.x - upper.x) * 0.64, upper.y + (lower.y - upper.y) * 0.56)


def _ports(
    edges: Sequence[GraphEdge], boxes: Mapping[str, Box], bends: Mapping[GraphEdge, Sequence[float]], *, leaving: bool
) -> dict[GraphEdge, float]:
    """The x at which each edge leaves its source or enters its target, in the order of where the edges lead."""
    sharing: dict[str, list[GraphEdge]] = {}
    for edge in edges:
        sharing.setdefault(edge.source if leaving else edge.target, []).append(edge)

    def other_end(edge: GraphEdge) -> float:
        if bends[edge]:
            return bends[edge][0 if leaving else -1]
        return boxes[edge.target if leaving else edge.source].centre.x

    ports: dict[GraphEdge, float] = {}
    for name, group in sharing.items():
        box = boxes[name]
        step = min(_PORT, box.width * 0.32 / len(group))
        ordered = sorted(group, key=lambda edge: (other_end(edge), edge.caught))
        straight = [at for at, edge in enumerate(ordered) if abs(other_end(edge) - box.centre.x) < 2]
        middle = straight[0] if straight else (len(ordered) - 1) / 2
        for at, edge in enumerate(ordered):
            ports[edge] = box.centre.x + (at - middle) * step
    return ports


def _distinct(points: Iterable[Point]) -> tuple[Point, ...]:
    kept: list[Point] = []
    for point in points:
        if not kept or kept[-1] != point:
            kept.append(point)
    return tuple(kept)


def gutter(edges: Sequence[GraphEdge], plan: Layers) -> tuple[dict[GraphEdge, float], float]:
    """How far right of the flow each edge runs that uses the gutter, and how wide the gutter has to be for them."""
    x = _FIRST_LANE + max((label_width(e.label) for e in plan.rails if e.label != ANY_ERROR), default=0.0)
    offsets: dict[GraphEdge, float] = {}
    for sink in dict.fromkeys(edge.target for edge in edges if edge in plan.rails):
        offsets.update({edge: x for edge in edges if edge in plan.rails and edge.target == sink})
        x += _LANE
    for edge in edges:
        across = (edge.source in plan.aside) != (edge.target in plan.aside)
        if across and edge not in plan.rails and edge not in plan.loops:
            offsets[edge] = x
            x += _LANE + label_width(edge.label)
    return offsets, x - _LANE + _FIRST_LANE + _ABOVE


def lane_routes(
    edges: Sequence[GraphEdge],
    plan: Layers,
    boxes: Mapping[str, Box],
    rows: Rows,
    bends: Mapping[GraphEdge, Sequence[float]],
) -> Iterator[Route]:
    """Routes of rails and of edges across to the other column (in the gutter) and of loops (outside on the left)."""
    if not boxes:
        return
    flow = [boxes[name].right for name in boxes if name not in plan.aside]
    flow += [x + BEND_WIDTH / 2 for edge, xs in bends.items() if edge.source not in plan.aside for x in xs]
    edge_of_flow = max(flow, default=0.0)
    offsets, _ = gutter(edges, plan)
    for edge, offset in offsets.items():
        yield _lane(edge, edge_of_flow + offset, plan, boxes, rows)
    x = min([*(box.x for box in boxes.values()), *(x for xs in bends.values() for x in xs)]) - _FIRST_LANE
    for edge in sorted(
        (edge for edge in edges if edge in plan.loops), key=lambda e: plan.rank[e.source] - plan.rank[e.target]
    ):
        yield _lane(edge, x, plan, boxes, rows)
        x -= _LANE + label_width(edge.label)


def _lane(edge: GraphEdge, x: float, plan: Layers, boxes: Mapping[str, Box], rows: Rows) -> Route:
    """From a side of the source along the lane at ``x`` to a side of the target; over or under a row where a
    neighbour stands in between."""
    source, target = boxes[edge.source], boxes[edge.target]
    leaves_left, enters_left = x < source.centre.x, x < target.centre.x
    if edge.source != edge.target and _is_clear(edge.source, x, boxes, rows):
        points = [Point(source.x if leaves_left else source.right, source.centre.y), Point(x, source.centre.y)]
    else:
        under = rows.bottom[plan.rank[edge.source]] + _ABOVE
        port = source.centre.x + source.width * (-0.36 if leaves_left else 0.36)
        points = [Point(port, source.bottom), Point(port, under), Point(x, under)]
    if _is_clear(edge.target, x, boxes, rows):
        points += [Point(x, target.centre.y), Point(target.x if enters_left else target.right, target.centre.y)]
    else:
        over = rows.top[plan.rank[edge.target]] - _ABOVE
        port = target.centre.x + target.width * (-0.36 if enters_left else 0.36)
        points += [Point(x, over), Point(port, over), Point(port, target.y)]
    return Route(edge, _distinct(points), False, _lane_label(edge, points, plan))


def _is_clear(name: str, x: float, boxes: Mapping[str, Box], rows: Rows) -> bool:
    """No neighbour stands between ``name`` and the lane at ``x``."""
    own = boxes[name]
    others = (boxes[other] for other in rows.members[rows.rank[name]] if other != name)
    return not any(min(own.centre.x, x) < other.centre.x < max(own.centre.x, x) for other in others)


def _lane_label(edge: GraphEdge, points: Sequence[Point], plan: Layers) -> Label | None:
    if not edge.label or (edge.caught and edge.label == ANY_ERROR):
        return None
    if edge in plan.rails:  # several share the lane: each label stands where its own line begins
        first = points[1] if points[0].x == points[1].x else points[0]
        return Label(edge.label, Point(first.x + 8, first.y - 9), "start")
    lane = points[2] if points[0].x == points[1].x else points[1]
    after = points[points.index(lane) + 1]
    middle = Point(lane.x + (-6 if edge in plan.loops else 6), (lane.y + after.y) / 2)
    return Label(edge.label, middle, "end" if edge in plan.loops else "start")
