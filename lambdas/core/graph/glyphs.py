"""The signs: one for each state type, one for each status, so that colour is never the only cue.

Paths on a 24 by 24 grid, drawn as strokes.
"""

from collections.abc import Mapping
from typing import Final

from lambdas.core.graph.model import NodeKind, NodeStatus

KIND: Final[Mapping[NodeKind, str]] = {
    NodeKind.TASK: "M13 2 5 13.5h6L10 22l9-12.5h-6.5z",
    NodeKind.CHOICE: "M12 3 21 12 12 21 3 12zM9.6 9.7a2.5 2.5 0 1 1 3.4 2.3c-.7.3-1 .8-1 1.5M12 16.6v.1",
    NodeKind.MAP: "M12 3 3 7.5l9 4.5 9-4.5zM3 12l9 4.5 9-4.5M3 16.5 12 21l9-4.5",
    NodeKind.PARALLEL: "M12 3v4M6 20V12a5 5 0 0 1 5-5h2a5 5 0 0 1 5 5v8M3 17l3 3 3-3M15 17l3 3 3-3",
    NodeKind.PASS: "M4 12h15M13 6l6 6-6 6",
    NodeKind.WAIT: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM12 7v5l3.5 2",
    NodeKind.SUCCEED: "M12 3a9 9 0 1 1 0 18 9 9 0 0 1 0-18zM8 12.4l2.8 2.8L16.2 9.5",
    NodeKind.FAIL: "M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3zM9 9l6 6M15 9l-6 6",
}
PERSON: Final = (
    "M10 4a4 4 0 1 1 0 8 4 4 0 0 1 0-8zM3 20.5c0-3.6 3-5.8 7-5.8 1.4 0 2.7.3 3.8.8M14.5 18.6l2.3 2.3 4.4-4.6"
)
"""A task that waits for somebody outside to answer."""

STATUS: Final[Mapping[NodeStatus, str]] = {
    NodeStatus.NOT_REACHED: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16z",
    NodeStatus.RUNNING: "M7 4.5v15L19.5 12z",
    NodeStatus.WAITING: "M6 3h12M6 21h12M7.5 3v3.5L12 12l4.5-5.5V3M7.5 21v-3.5L12 12l4.5 5.5V21",
    NodeStatus.RETRYING: "M20 11A8 8 0 1 0 18 17.3M20.5 4.5V11H14",
    NodeStatus.SUCCEEDED: "M4.5 12.5 10 18 20 6.5",
    NodeStatus.CAUGHT: "M12 3 20 6v6c0 4.6-3.4 7.8-8 9-4.6-1.2-8-4.4-8-9V6zM12 8v5M12 16.3v.2",
    NodeStatus.FAILED: "M5.5 5.5l13 13M18.5 5.5l-13 13",
    NodeStatus.STOPPED: "M6 6h12v12H6z",
}
RETRY: Final = STATUS[NodeStatus.RETRYING]
LOOP: Final = "M4 11V9.5a4 4 0 0 1 4-4h11.5M16 2l3.5 3.5L16 9M20 13v1.5a4 4 0 0 1-4 4H4.5M8 22l-3.5-3.5L8 15"


def of_kind(kind: NodeKind, *, callback: bool) -> str:
    """The sign of a state: a callback task shows a person instead of a bolt."""
    return PERSON if callback and kind is NodeKind.TASK else KIND[kind]
