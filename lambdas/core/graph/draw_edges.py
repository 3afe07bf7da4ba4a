"""Draw the transitions: what was taken is strong, what was not is pale, what only an error takes is dashed."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from lambdas.core.graph import paint
from lambdas.core.graph.geometry import Point, Route
from lambdas.core.graph.markup import element, words
from lambdas.core.graph.model import GraphEdge
from lambdas.core.graph.sizes import LABEL_ROOM, SMALL_SIZE
from lambdas.core.graph.text import shortened

_RADIUS: Final = 12
_HEAD: Final = 9


def colour_of(edge: GraphEdge) -> str:
    """Name of the edge's colour in the palette."""
    if not edge.taken:
        return "idle"
    return "thrown" if edge.caught else "taken"


def draw_routes(routes: Sequence[Route]) -> Iterator[str]:
    """All lines, taken ones last. Of the pale rails that end alike only the longest is drawn to its end and the others
    join it, since dashes drawn over dashes are no longer dashes."""
    longest: dict[Point, Route] = {}
    for route in routes:
        known = longest.get(route.points[-1])
        if _joins(route) and (known is None or _lane(route)[0].y < _lane(known)[0].y):
            longest[route.points[-1]] = route
    for route in sorted(routes, key=lambda route: route.edge.taken):
        if _joins(route) and longest[route.points[-1]] is not route:
            yield _joining(route)
        else:
            yield draw_route(route)


def _joins(route: Route) -> bool:
    return not route.smooth and route.edge.caught and not route.edge.taken


def _lane(route: Route) -> tuple[Point, Point]:
    """The ends of the route's long vertical piece: it comes after the piece that leads to it."""
    at = 2 if route.points[0].x == route.points[1].x else 1
    return route.points[at], route.points[min(at + 1, len(route.points) - 1)]


def _joining(route: Route) -> str:
    corner = _lane(route)[0]
    before = route.points[: route.points.index(corner) + 1]
    look: dict[str, str | float] = {
        "fill": "none",
        "stroke-width": 1.5,
        "stroke-dasharray": "4 5",
        **paint.stroke(colour_of(route.edge)),
    }
    return element("path", {"d": square_path([*before, corner.moved(0, 2 * _RADIUS)]), **look})


def draw_route(route: Route) -> str:
    """The line and its arrowhead."""
    edge, points = route.edge, list(route.points)
    tip, before = points[-1], points[-2]
    heading = _heading(before, tip, smooth=route.smooth)
    points[-1] = tip.moved(-heading.x * (_HEAD - 1), -heading.y * (_HEAD - 1))
    look: dict[str, str | float] = {
        "d": smooth_path(points) if route.smooth else square_path(points),
        "fill": "none",
        "stroke-width": 2.75 if edge.taken else 1.5,
        **paint.stroke(colour_of(edge)),
    }
    if edge.caught:
        look["stroke-dasharray"] = "7 5" if edge.taken else "4 5"
    return element("path", look) + _arrowhead(tip, heading, edge)


def draw_label(route: Route) -> str:
    """The edge's label with a halo in the colour of the page, so that lines below it do not disturb it."""
    if route.label is None:
        return ""
    text = shortened(route.label.text, LABEL_ROOM, SMALL_SIZE, bold=True)
    x, y = route.label.at
    colour = paint.fill("soft" if not route.edge.taken else "thrown" if route.edge.caught else "ink")
    halo = {**paint.halo(), "stroke-width": "6", "stroke-linejoin": "round"}
    return "".join(
        words(text, x, y + 4.4, SMALL_SIZE, look, bold=route.edge.taken, anchor=route.label.anchor)
        for look in (halo, colour)
    )


def _heading(before: Point, tip: Point, *, smooth: bool) -> Point:
    """The direction in which the line arrives; a smooth one always comes from above."""
    if smooth or before.x == tip.x:
        return Point(0, 1 if smooth or tip.y > before.y else -1)
    return Point(1 if tip.x > before.x else -1, 0)


def _arrowhead(tip: Point, heading: Point, edge: GraphEdge) -> str:
    half = 5.2 if edge.taken else 4.4
    back = tip.moved(-heading.x * _HEAD, -heading.y * _HEAD)
    corners = (tip, back.moved(heading.y * half, heading.x * half), back.moved(-heading.y * half, -heading.x * half))
    path = "M" + "L".join(f"{corner.x:.1f} {corner.y:.1f}" for corner in corners) + "Z"
    return element("path", {"d": path, **paint.fill(colour_of(edge))})


def smooth_path(points: Sequence[Point]) -> str:
    """Straight where it goes down, an S where it moves sideways."""
    path = f"M{points[0].x:.1f} {points[0].y:.1f}"
    for a, b in pairwise(points):
        if abs(a.x - b.x) < 0.5:
            path += f"L{b.x:.1f} {b.y:.1f}"
        else:
            middle = (a.y + b.y) / 2
            path += f"C{a.x:.1f} {middle:.1f} {b.x:.1f} {middle:.1f} {b.x:.1f} {b.y:.1f}"
    return path


def square_path(points: Sequence[Point]) -> str:
    """Horizontal and vertical pieces with rounded corners."""
    path = f"M{points[0].x:.1f} {points[0].y:.1f}"
    for a, corner, b in zip(points, points[1:], points[2:], strict=False):
        radius = min(_RADIUS, _distance(a, corner) / 2, _distance(corner, b) / 2)
        start, end = _towards(corner, a, radius), _towards(corner, b, radius)
        path += f"L{start.x:.1f} {start.y:.1f}Q{corner.x:.1f} {corner.y:.1f} {end.x:.1f} {end.y:.1f}"
    return path + f"L{points[-1].x:.1f} {points[-1].y:.1f}"


def _distance(a: Point, b: Point) -> float:
    return abs(a.x - b.x) + abs(a.y - b.y)


def _towards(origin: Point, goal: Point, length: float) -> Point:
    whole = _distance(origin, goal)
    share = length / whole if whole else 0
    return Point(origin.x + (goal.x - origin.x) * share, origin.y + (goal.y - origin.y) * share)
