"""How large a node is drawn. All lengths are pixels."""

from collections.abc import Sequence
from typing import Final

from lambdas.core.graph.model import GraphNode, MapCounts, NodeKind
from lambdas.core.graph.paint import WORDS
from lambdas.core.graph.text import duration, width

NAME_SIZE: Final = 15
SMALL_SIZE: Final = 12.5
ICON: Final = 36
PAD: Final = 14
NAME_AT: Final = PAD + ICON + 12
"""Where a node's texts begin, from its left border."""
STATUS_SIGN: Final = 19
BADGE_SIZE: Final = 11.5
BADGE_GAP: Final = 5
PILE: Final = 8
"""How far a pile of states reaches to the right and down."""
MIN_WIDTH: Final = 208
MAX_WIDTH: Final = 330
HEIGHT: Final = 64
ERROR_LINE: Final = 20
_SLACK: Final = 6
LABEL_ROOM: Final = 190
COUNTS_HEIGHT: Final = 56
"""Room for a map's progress bar and its legend, below its inner states."""


def node_width(nodes: Sequence[GraphNode]) -> float:
    """One width for all nodes of a level, so that columns line up."""
    texts = [width(node.name, NAME_SIZE, bold=True) for node in nodes]
    texts += [width(f"after {node.detail}", SMALL_SIZE, bold=True) for node in nodes if node.detail]
    texts += [STATUS_SIGN + width(status_line(node), SMALL_SIZE) + badges_width(node) for node in nodes]
    return round(min(MAX_WIDTH, max([MIN_WIDTH, *(NAME_AT + text + PAD + _SLACK for text in texts)])))


def status_line(node: GraphNode) -> str:
    """``succeeded · 4.2 s``; states that only say how it ended take no time worth telling."""
    instant = node.kind in (NodeKind.SUCCEED, NodeKind.FAIL, NodeKind.CHOICE)
    if node.duration_ms is None or instant:
        return WORDS[node.status]
    return f"{WORDS[node.status]} · {duration(node.duration_ms)}"


def badges_width(node: GraphNode) -> float:
    """Room for the numbers of attempts and of visits, where they are more than one."""
    return sum(badge_width(number) + BADGE_GAP for number in (node.attempts, node.visits) if number > 1)


def badge_width(number: int) -> float:
    return 26 + width(f"{number}×", BADGE_SIZE, bold=True)


def label_width(label: str | None) -> float:
    """Width of an edge's label as it is drawn, cut where it is too long."""
    return min(LABEL_ROOM, width(label or "", SMALL_SIZE, bold=True))


def counts_width(counts: MapCounts) -> float:
    """Room for the line of numbers below a map's bar."""
    shown = [f"{number:,}" for number in (counts.completed, counts.failed, counts.running)]
    numbers = sum(28 + width(text, SMALL_SIZE, bold=True) for text in shown)
    return numbers + width(f"of {counts.total:,} {counts.unit}", SMALL_SIZE) + 8


def header_height(node: GraphNode) -> float:
    """The part of a node with its icon, name and status."""
    return HEIGHT + (ERROR_LINE if node.detail else 0)


def is_container(node: GraphNode) -> bool:
    return bool(node.children) and node.kind in (NodeKind.MAP, NodeKind.PARALLEL)
