"""The words a layout is described in. All lengths are pixels; y grows downwards."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from lambdas.core.graph.model import GraphEdge


class Point(NamedTuple):
    x: float
    y: float

    def moved(self, dx: float, dy: float) -> "Point":
        return Point(self.x + dx, self.y + dy)


@dataclass(frozen=True)
class Box:
    """Where a node stands. ``inside`` names the container it is drawn in."""

    x: float
    y: float
    width: float
    height: float
    inside: str | None = None

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def centre(self) -> Point:
        return Point(self.x + self.width / 2, self.y + self.height / 2)

    def moved(self, dx: float, dy: float, inside: str | None = None) -> "Box":
        return replace(self, x=self.x + dx, y=self.y + dy, inside=self.inside or inside)


@dataclass(frozen=True)
class Label:
    """A text beside an edge: vertically centred on ``at``, anchored as SVG's ``text-anchor`` says."""

    text: str
    at: Point
    anchor: str = "middle"


@dataclass(frozen=True)
class Route:
    """The way of one edge, from the border of its source to the border of its target.

    A ``smooth`` route bends between points whose x differ, vertical at both ends; any other has only horizontal and
    vertical pieces.
    """

    edge: GraphEdge
    points: tuple[Point, ...]
    smooth: bool
    label: Label | None = None

    def moved(self, dx: float, dy: float) -> "Route":
        label = self.label and replace(self.label, at=self.label.at.moved(dx, dy))
        return replace(self, points=tuple(point.moved(dx, dy) for point in self.points), label=label)


@dataclass(frozen=True)
class Layout:
    """Every node's box and every edge's route, in one frame that begins at 0, 0."""

    width: float
    height: float
    boxes: Mapping[str, Box]
    routes: tuple[Route, ...]
