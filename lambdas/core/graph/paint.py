"""Colours and other presentation, light and dark.

Light values are SVG presentation attributes, so that the picture needs no style sheet (a strict Content-Security-Policy
blocks one, and office programs ignore it); the dark ones are CSS under ``prefers-color-scheme`` and win over them.
Every text reaches 4.5:1 on its ground and every border 3:1 (WCAG 2.2 AA), which a test computes.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from lambdas.core.graph.model import ExecutionStatus, NodeStatus

FONT: Final = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


class Tone(NamedTuple):
    """The colours of a status: ground, border and icon, text."""

    ground: str
    line: str
    text: str


LIGHT: Final[Mapping[NodeStatus, Tone]] = {
    NodeStatus.NOT_REACHED: Tone("#ffffff", "#7b8798", "#586476"),
    NodeStatus.RUNNING: Tone("#eef4ff", "#2563eb", "#1e40af"),
    NodeStatus.WAITING: Tone("#fff8e6", "#b45309", "#92400e"),
    NodeStatus.RETRYING: Tone("#fff3ea", "#c2410c", "#9a3412"),
    NodeStatus.SUCCEEDED: Tone("#effaf3", "#15803d", "#166534"),
    NodeStatus.CAUGHT: Tone("#f8f2ff", "#7e22ce", "#6b21a8"),
    NodeStatus.FAILED: Tone("#fef2f2", "#c81e1e", "#991b1b"),
    NodeStatus.STOPPED: Tone("#f1f5f9", "#475569", "#334155"),
}
DARK: Final[Mapping[NodeStatus, Tone]] = {
    NodeStatus.NOT_REACHED: Tone("#111a2c", "#64748b", "#94a3b8"),
    NodeStatus.RUNNING: Tone("#11234a", "#60a5fa", "#a5c8fd"),
    NodeStatus.WAITING: Tone("#2f2408", "#fbbf24", "#fcd34d"),
    NodeStatus.RETRYING: Tone("#361d0c", "#fb923c", "#fdba74"),
    NodeStatus.SUCCEEDED: Tone("#0e2b1b", "#4ade80", "#86efac"),
    NodeStatus.CAUGHT: Tone("#291640", "#c084fc", "#d8b4fe"),
    NodeStatus.FAILED: Tone("#3a1418", "#f87171", "#fca5a5"),
    NodeStatus.STOPPED: Tone("#1e293b", "#94a3b8", "#cbd5e1"),
}
WORDS: Final[Mapping[NodeStatus, str]] = {
    NodeStatus.NOT_REACHED: "not reached",
    NodeStatus.RUNNING: "running",
    NodeStatus.WAITING: "waiting",
    NodeStatus.RETRYING: "retrying",
    NodeStatus.SUCCEEDED: "succeeded",
    NodeStatus.CAUGHT: "error caught",
    NodeStatus.FAILED: "failed",
    NodeStatus.STOPPED: "stopped",
}
OF_EXECUTION: Final[Mapping[ExecutionStatus, NodeStatus]] = {
    ExecutionStatus.RUNNING: NodeStatus.RUNNING,
    ExecutionStatus.PENDING_REDRIVE: NodeStatus.RETRYING,
    ExecutionStatus.SUCCEEDED: NodeStatus.SUCCEEDED,
    ExecutionStatus.FAILED: NodeStatus.FAILED,
    ExecutionStatus.ABORTED: NodeStatus.STOPPED,
    ExecutionStatus.TIMED_OUT: NodeStatus.FAILED,
}

# name: (light, dark)
PAGE: Final[Mapping[str, tuple[str, str]]] = {
    "page": ("#fbfcfe", "#0b1220"),
    "panel": ("#ffffff", "#0f1829"),
    "rule": ("#dfe5ee", "#24324a"),
    "ink": ("#0f172a", "#f1f5f9"),
    "soft": ("#4b586b", "#a9b6c9"),
    "on-icon": ("#ffffff", "#0b1220"),
    "taken": ("#1f3a5f", "#c7d8ef"),
    "idle": ("#aab4c3", "#47566d"),
    "thrown": ("#7e22ce", "#c084fc"),
    "track": ("#dfe5ee", "#2b3950"),
}


def fill(name: str) -> dict[str, str]:
    return {"class": f"xg-f-{name}", "fill": PAGE[name][0]}


def stroke(name: str) -> dict[str, str]:
    return {"class": f"xg-s-{name}", "stroke": PAGE[name][0]}


def halo() -> dict[str, str]:
    """Around a text that stands on a line."""
    return {"class": "xg-f-page xg-s-page", "fill": PAGE["page"][0], "stroke": PAGE["page"][0]}


def tone(status: NodeStatus, *, ground: bool = False, line: bool = False, text: bool = False) -> dict[str, str]:
    """Attributes in a status's colours: ``ground`` with its border, ``line`` as a stroke, ``text`` as a fill; without
    any of them a solid fill in the border's colour."""
    colours = LIGHT[status]
    if ground:
        return {"class": f"xg-g-{status}", "fill": colours.ground, "stroke": colours.line}
    if text:
        return {"class": f"xg-t-{status}", "fill": colours.text}
    if line:
        return {"class": f"xg-k-{status}", "stroke": colours.line}
    return {"class": f"xg-l-{status}", "fill": colours.line}


def dark_rules() -> str:
    """The style sheet of the dark scheme."""
    rules = [f".xg-f-{name}{{fill:{dark}}}.xg-s-{name}{{stroke:{dark}}}" for name, (_, dark) in PAGE.items()]
    for status, colours in DARK.items():
        rules.append(f".xg-g-{status}{{fill:{colours.ground};stroke:{colours.line}}}")
        rules.append(f".xg-t-{status}{{fill:{colours.text}}}.xg-l-{status}{{fill:{colours.line}}}")
        rules.append(f".xg-k-{status}{{stroke:{colours.line}}}")
    return "@media (prefers-color-scheme:dark){" + "".join(rules) + "}"
