"""Which row each state belongs to, and which column: the flow, or what only failures reach.

Rows are longest paths. Caught errors count too, so that every arrow that is no loop points downwards.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lambdas.core.graph.model import GraphEdge


@dataclass(frozen=True)
class Layers:
    """The rough plan of a drawing."""

    rank: Mapping[str, int]
    aside: frozenset[str]
    """States that only the rails reach; they stand to the right of the flow."""
    loops: frozenset[GraphEdge]
    """Edges that go back up."""
    rails: frozenset[GraphEdge]
    """Caught errors of several states that meet in one: drawn as one line down the side."""


def layers(names: Sequence[str], edges: Sequence[GraphEdge], start: str | None) -> Layers:
    """Plan the states ``names``; ``edges`` are those between them. ``start`` is where reading begins."""
    loops = frozenset(_loops(names, edges, start))
    forward = [edge for edge in edges if edge not in loops]
    rank = _ranks(names, forward)
    rails = frozenset(_rails(forward, start))
    entries = [start] if start else [n for n in names if not any(e.target == n for e in edges)]
    reached = _reachable(entries, [edge for edge in edges if edge not in rails])
    aside = frozenset(names) - reached if reached else frozenset[str]()
    # Among the few states that stand aside an ordinary arrow is clearer than a rail.
    rails = frozenset(edge for edge in rails if edge.source not in aside)
    return Layers(rank, aside, loops, rails)


def _loops(names: Sequence[str], edges: Sequence[GraphEdge], start: str | None) -> list[GraphEdge]:
    """The edges that close a cycle, seen depth first from the start, in the definition's order."""
    leaving: dict[str, list[GraphEdge]] = {name: [] for name in names}
    for way in edges:
        leaving[way.source].append(way)
    loops: list[GraphEdge] = []
    done: set[str] = set()
    on_path: set[str] = set()
    for root in [start, *names] if start else names:
        if root in done:
            continue
        stack = [(root, iter(leaving[root]))]
        on_path.add(root)
        while stack:
            name, left = stack[-1]
            edge: GraphEdge | None = next(left, None)
            if edge is None:
                stack.pop()
                on_path.discard(name)
                done.add(name)
            elif edge.target in on_path:
                loops.append(edge)
            elif edge.target not in done:
                on_path.add(edge.target)
                stack.append((edge.target, iter(leaving[edge.target])))
    return loops


def _ranks(names: Sequence[str], forward: Sequence[GraphEdge]) -> dict[str, int]:
    rank = dict.fromkeys(names, 0)
    waiting = {name: sum(edge.target == name for edge in forward) for name in names}
    ready = [name for name in names if not waiting[name]]
    while ready:
        name = ready.pop(0)
        for edge in forward:
            if edge.source == name:
                rank[edge.target] = max(rank[edge.target], rank[name] + 1)
                waiting[edge.target] -= 1
                if not waiting[edge.target]:
                    ready.append(edge.target)
    return rank


def _rails(forward: Sequence[GraphEdge], start: str | None) -> Iterable[GraphEdge]:
    for edge in forward:
        sources = {other.source for other in forward if other.caught and other.target == edge.target}
        if edge.caught and len(sources) > 1 and edge.target != start:
            yield edge


def _reachable(entries: Sequence[str], edges: Sequence[GraphEdge]) -> frozenset[str]:
    reached = set(entries)
    pending = list(entries)
    while pending:
        name = pending.pop()
        for edge in edges:
            if edge.source == name and edge.target not in reached:
                reached.add(edge.target)
                pending.append(edge.target)
    return frozenset(reached)


def main_ways(names: Sequence[str], edges: Sequence[GraphEdge], rank: Mapping[str, int]) -> frozenset[GraphEdge]:
    """For each state the way on that leads furthest, the first as written among equals: it is drawn straight."""
    flow = [edge for edge in edges if not edge.caught]
    depth = dict.fromkeys(names, 0)
    for edge in sorted(flow, key=lambda edge: -rank[edge.target]):
        depth[edge.source] = max(depth[edge.source], depth[edge.target] + 1)
    main: dict[str, GraphEdge] = {}
    for edge in flow:
        if edge.source not in main or depth[edge.target] > depth[main[edge.source].target]:
            main[edge.source] = edge
    return frozenset(main.values())
