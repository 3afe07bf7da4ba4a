"""Order within the rows (barycentre) and x positions (least squares under minimal distances).

Works on vertices: 0 … n-1 are nodes, further ones are the bends of edges that pass through rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

_ORDER_SWEEPS: Final = 8
_PLACE_SWEEPS: Final = 24
_NODE: Final = 1.0
_BEND: Final = 1e-3
_LOOSE: Final = 1e-6
"""Weight of a vertex that has nothing to stand under: it makes way."""
_FIXED: Final = 1000.0


@dataclass(frozen=True)
class Tie:
    """A piece of an edge between neighbouring rows; a heavier one is straighter."""

    upper: int
    lower: int
    weight: float


@dataclass
class Grid:
    """The rows of one column of the drawing, each in its order from left to right."""

    rows: list[list[int]]
    ties: list[Tie]
    width: dict[int, float]
    gap: float
    first_bend: int
    neighbours: dict[int, list[tuple[int, float]]] = field(init=False)

    def __post_init__(self) -> None:
        self.neighbours = {vertex: [] for row in self.rows for vertex in row}
        for tie in self.ties:
            self.neighbours[tie.upper].append((tie.lower, tie.weight))
            self.neighbours[tie.lower].append((tie.upper, tie.weight))


def order(grid: Grid) -> None:
    """Sort each row by the mean place of its neighbours, down and up again; keep the order with fewest crossings."""
    best, fewest = [list(row) for row in grid.rows], crossings(grid)
    for sweep in range(_ORDER_SWEEPS):
        down = sweep % 2 == 0
        sequence = range(1, len(grid.rows)) if down else range(len(grid.rows) - 2, -1, -1)
        for index in sequence:
            _sort_row(grid, index, index - 1 if down else index + 1)
        found = crossings(grid)
        if found < fewest:
            best, fewest = [list(row) for row in grid.rows], found
    grid.rows[:] = best


def _sort_row(grid: Grid, index: int, fixed: int) -> None:
    place = {vertex: at for at, vertex in enumerate(grid.rows[fixed])}
    own = {vertex: at for at, vertex in enumerate(grid.rows[index])}

    def key(vertex: int) -> float:
        places = [place[other] for other, _ in grid.neighbours[vertex] if other in place]
        return sum(places) / len(places) if places else own[vertex]

    grid.rows[index].sort(key=key)


def crossings(grid: Grid) -> int:
    """How many pairs of edges cross between the rows."""
    place = {vertex: at for row in grid.rows for at, vertex in enumerate(row)}
    row_of = {vertex: index for index, row in enumerate(grid.rows) for vertex in row}
    total = 0
    for at, one in enumerate(grid.ties):
        for other in grid.ties[at + 1 :]:
            if row_of[one.upper] == row_of[other.upper]:
                upper, lower = place[one.upper] - place[other.upper], place[one.lower] - place[other.lower]
                total += upper * lower < 0
    return total


def place(grid: Grid) -> dict[int, float]:
    """The x of each vertex's middle: near its neighbours, and never nearer than the gap to the next in its row."""
    x: dict[int, float] = {}
    for row in grid.rows:
        left = 0.0
        for vertex in row:
            x[vertex] = left + grid.width[vertex] / 2
            left += grid.width[vertex] + grid.gap
    for sweep in range(_PLACE_SWEEPS):
        for row in grid.rows if sweep % 2 == 0 else reversed(grid.rows):
            wanted = [_wanted(grid, x, vertex) for vertex in row]
            weights = [sum(weight for _, weight in grid.neighbours[vertex]) or 0.01 for vertex in row]
            x.update(zip(row, separated(wanted, weights, _steps(grid, row)), strict=True))
    _straighten(grid, x)
    return x


def _straighten(grid: Grid, x: dict[int, float]) -> None:
    """Put what belongs under each other exactly under each other, from the top, wherever a row has the room."""
    above: set[int] = set()
    for row in grid.rows:
        leaders = {vertex: _leader(grid, vertex, above) for vertex in row}
        wanted = [x[vertex] if (leader := leaders[vertex]) is None else x[leader] for vertex in row]
        weights = [_LOOSE if leaders[v] is None else _BEND if v >= grid.first_bend else _NODE for v in row]
        x.update(zip(row, separated(wanted, weights, _steps(grid, row)), strict=True))
        above.update(row)
    for row in reversed(grid.rows):  # a bend that had to make way takes the bends above it along
        wanted = [x[_bend_below(grid, vertex)] for vertex in row]
        weights = [_BEND if vertex >= grid.first_bend else _FIXED for vertex in row]
        x.update(zip(row, separated(wanted, weights, _steps(grid, row)), strict=True))


def _bend_below(grid: Grid, vertex: int) -> int:
    """The next bend of the same edge; the vertex itself where there is none."""
    later = [other for other, _ in grid.neighbours[vertex] if other > vertex >= grid.first_bend]
    return later[0] if later else vertex


def _leader(grid: Grid, vertex: int, above: set[int]) -> int | None:
    """The vertex above that is most closely tied to this one, if that is mutual."""
    uppers = [(weight, -other) for other, weight in grid.neighbours[vertex] if other in above]
    if not uppers:
        return None
    leader = -max(uppers)[1]
    lowers = [(weight, -other) for other, weight in grid.neighbours[leader] if other not in above]
    return leader if -max(lowers)[1] == vertex else None


def _steps(grid: Grid, row: Sequence[int]) -> list[float]:
    return [(grid.width[a] + grid.width[b]) / 2 + grid.gap for a, b in pairwise(row)]


def _wanted(grid: Grid, x: dict[int, float], vertex: int) -> float:
    ties = grid.neighbours[vertex]
    if not ties:
        return x[vertex]
    return sum(x[other] * weight for other, weight in ties) / sum(weight for _, weight in ties)


def separated(wanted: Sequence[float], weights: Sequence[float], steps: Sequence[float]) -> list[float]:
    """The positions nearest to ``wanted`` (weighted least squares) with ``x[i+1] - x[i] >= steps[i]``.

    Isotonic regression by pooling adjacent violators, after the steps have been subtracted.
    """
    offsets = [0.0]
    for step in steps:
        offsets.append(offsets[-1] + step)
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    for want, weight, offset in zip(wanted, weights, offsets, strict=False):
        mean, heft, size = want - offset, weight, 1
        while pools and pools[-1][0] > mean:
            left, left_heft, left_size = pools.pop()
            mean = (left * left_heft + mean * heft) / (left_heft + heft)
            heft, size = left_heft + heft, left_size + size
        pools.append((mean, heft, size))
    means = [mean for mean, _, size in pools for _ in range(size)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=False)]
