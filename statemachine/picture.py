"""The picture of a workflow: its definition as DOT for Graphviz, and Graphviz's drawing in our frame.

This runs when a definition changes (``make diagram``). The result is committed to ``statemachine/pictures``, one file
for each shape of a workflow, and ``lambdas/api/picture.py`` fills in what an execution did. The two agree on this:

- a state is ``<g id="state-NAME" class="state defined …">``, a transition ``<g id="way-FROM--TO" class="way …">``, with
  ``--caught`` behind it where an error takes it; no group is inside another;
- what is filled in are the elements of the classes ``said``, ``note``, ``sign``, ``bar`` and ``counts`` of a state, and
  ``title``, ``desc``, ``heading`` and ``facts`` of the whole.
"""

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Final, NamedTuple

from lambdas.domain.graph.definition import DefinedState, Transition, Workflow
from lambdas.domain.graph.model import ANY_ERROR

FRAME: Final = Path(__file__).parent / "frame.svg"
"""Style sheet, icons, header and legend around the drawing."""
PICTURES: Final = Path(__file__).parent / "pictures"

# In pixels. Graphviz measures in points and inches of 72 points; a point is a pixel here.
_HEIGHT, _MARGIN, _HEADER, _LEGEND, _LEAST_WIDTH = 72, 40, 136, 100, 1080
_MAP_HEAD: Final = 108
"""Room above the states inside a map, for its name, status, progress bar and counts."""
_LAYOUT: Final = (
    "graph [rankdir=TB newrank=true nodesep=0.5 ranksep=0.5 compound=true splines=spline pad=0.1]\n"
    f'node [shape=box label="" fixedsize=true height={_HEIGHT / 72:.3f}]\n'
    'edge [fontname="Helvetica" fontsize=13 arrowsize=0.9]\n'
    "start [id=start class=start shape=circle width=0.2 height=0.2 group=trunk]"
)
_KINDS: Final = {
    "task": "task",
    "person": "waits for an answer",
    "choice": "decides how to go on",
    "map": "once for each item",
    "parallel": "side by side",
    "pass": "passes on",
    "wait": "waits",
    "succeed": "end",
    "fail": "end, as a failure",
}
"""What is written below a state's name before anything has run."""
_SVG: Final = "{http://www.w3.org/2000/svg}"


def dot(workflow: Workflow) -> str:
    """The workflow in Graphviz's language.

    The trunk (from the first state along the first transition that leads on) is one ``group``, which Graphviz keeps
    straight. States that only the catch of any error leads to stand in a column of their own beside the middle of the
    trunk, since the arrows to them are hidden until one is taken.
    """
    trunk, reached, anchors = _trunk(workflow), _reached(workflow), dict(_anchors(workflow.states))
    groups = dict.fromkeys(trunk, "trunk") | {s.name: "errors" for s in workflow.states if s.name not in reached}
    width = max(256, *(80 + 9.2 * len(name) for name in anchors))
    lines = ["digraph {", _LAYOUT, f"node [width={width / 72:.3f}]"]
    lines += [line for state in workflow.states for line in _state(state, groups.get(state.name), width)]
    lines.append(_arrow(Transition("start", workflow.start_at), anchors))
    lines += [_arrow(t, anchors, *_route(t, workflow, trunk)) for t in workflow.transitions]
    thrown = [t for t in workflow.transitions if t.source in trunk and t.target not in reached]
    if thrown:
        middle = thrown[len(thrown) // 2]
        beside = f"{_quoted(anchors[middle.source])} -> {_quoted(anchors[middle.target])}"
        lines.append(f"{{ rank=same {beside} [style=invis weight=50 minlen=2] }}")
    return "\n".join([*lines, "}", ""])


def _trunk(workflow: Workflow) -> list[str]:
    found = [workflow.start_at]
    onward = [t for t in workflow.transitions if not t.caught]
    while ahead := [t.target for t in onward if t.source == found[-1] and t.target not in found]:
        found.append(ahead[0])
    return found


def _reached(workflow: Workflow) -> set[str]:
    """The states that an execution can come to without an error that nobody expects."""
    found, before = {workflow.start_at}, set[str]()
    while found != before:
        before = set(found)
        found |= {t.target for t in workflow.transitions if t.source in before and not _any_error(t)}
    return found


def _any_error(transition: Transition) -> bool:
    return transition.caught and transition.label == ANY_ERROR


def _anchors(states: Iterable[DefinedState]) -> Iterator[tuple[str, str]]:
    """The node that a state's arrows begin and end at: a map is a cluster in Graphviz, which has no arrows itself."""
    for state in states:
        inner = dict(_anchors(state.inner))
        yield from inner.items()
        yield state.name, inner[state.inner[0].name] if inner else state.name


def _state(state: DefinedState, group: str | None, width: float, *, many: bool = False) -> Iterator[str]:
    kind = "person" if state.callback else state.kind.lower()
    look = f"id={_quoted(f'state-{state.name}')} class={_quoted(f'{kind} many' if many else kind)}"
    if not state.inner:
        yield f"{_quoted(state.name)} [{look}{f' group={group}' if group else ''}]"
        return
    cell = f'<TABLE BORDER="0" FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{_MAP_HEAD}"><TR><TD></TD></TR></TABLE>'
    yield f"subgraph {_quoted(f'cluster_{state.name}')} {{ {look} margin=18 label=<{cell}>"
    for inner in state.inner:
        yield from _state(inner, group if len(state.inner) == 1 else None, width, many=kind == "map")
    yield "}"


def _route(transition: Transition, workflow: Workflow, trunk: list[str]) -> list[str]:
    """Where the arrow runs. What is hidden at first must not shape the layout."""
    if not _any_error(transition):
        back = transition.target in trunk and transition.source in trunk[trunk.index(transition.target) :]
        return ["weight=1" if transition.caught or back else "weight=20"]
    beside = any(
        other != transition and (other.source, other.target) == (transition.source, transition.target)
        for other in workflow.transitions
    )
    ports = ["tailport=e", "headport=e"] if beside else ["headport=w"] if transition.source in trunk else []
    return ["weight=0", "constraint=false", *ports]


def _arrow(transition: Transition, anchors: Mapping[str, str], *look: str) -> str:
    source, target = anchors.get(transition.source, transition.source), anchors[transition.target]
    kind = ("caught any" if _any_error(transition) else "caught") if transition.caught else "flow"
    name = f"way-{transition.source}--{transition.target}{'--caught' if transition.caught else ''}"
    all_of_it = [f"id={_quoted(name)}", f"class={_quoted(kind)}", *look]
    all_of_it += [f"ltail={_quoted(f'cluster_{transition.source}')}"] if source != transition.source else []
    all_of_it += [f"lhead={_quoted(f'cluster_{transition.target}')}"] if target != transition.target else []
    if transition.label and not _any_error(transition):
        label = transition.label.replace(" or ", "\nor ").replace(", ", ",\n")
        all_of_it.append("label=" + _quoted("\n".join(f"  {line}  " for line in label.split("\n"))))
    return f"{_quoted(source)} -> {_quoted(target)} [{' '.join(all_of_it)}]"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


class _Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float


def source_of(graphviz: bytes) -> str:
    """A hash of everything that a picture is made with, but for the workflow. ``graphviz`` names its version."""
    return hashlib.sha256(Path(__file__).read_bytes() + FRAME.read_bytes() + graphviz).hexdigest()[:12]


def framed(drawing: str, workflow: Workflow, name: str, source: str) -> str:
    """The picture: Graphviz's SVG of ``dot(workflow)`` with our boxes, in the frame."""
    root = ET.fromstring(drawing)  # noqa: S314 - what Graphviz has just drawn
    _, _, width, height = (float(number) for number in root.attrib["viewBox"].split())
    parts: dict[str, list[str]] = {"cluster": [], "edge": [], "node": []}
    for group in root.iter(f"{_SVG}g"):
        kind, _, look = group.get("class", "").partition(" ")
        if kind == "edge":
            parts[kind].append(_drawn_transition(group, look))
        elif kind in parts:
            parts[kind].append(
                _start(group) if look == "start" else _drawn_state(group, look, holds_others=kind == "cluster")
            )
    across = max(width + 2 * _MARGIN, _LEAST_WIDTH)
    return Template(FRAME.read_text("utf-8")).substitute(
        workflow=escape(name),
        source=source,
        width=f"{across:.0f}",
        height=f"{_HEADER + height + _LEGEND:.0f}",
        right=f"{across - _MARGIN:.0f}",
        # Graphviz's origin is the lower left corner.
        origin=f"{(across - width) / 2:.0f} {_HEADER + height:.0f}",
        foot=f"{_HEADER + height + 24:.0f}",
        drawing="\n".join(part for kind in parts.values() for part in kind),
        apart=_caption(root, workflow),
    )


def _caption(root: ET.Element, workflow: Workflow) -> str:
    """Above the column of states that only errors lead to."""
    apart = [state.name for state in workflow.states if state.name not in _reached(workflow)]
    if not apart:
        return ""
    boxes = [_box(g) for g in root.iter(f"{_SVG}g") if g.get("id", "").removeprefix("state-") in apart]
    top = min(boxes, key=lambda box: box.y)
    return f'<text class="caption" x="{top.x:.0f}" y="{top.y - 14:.0f}">when a step fails for good</text>'


def _box(group: ET.Element) -> _Box:
    shape = group.find(f"{_SVG}polygon")
    if shape is None:
        raise ValueError(f"Graphviz drew no box for {group.get('id')}")
    points = [tuple(map(float, point.split(","))) for point in shape.attrib["points"].split()]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return _Box(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def _start(group: ET.Element) -> str:
    (circle,) = group.iter(f"{_SVG}ellipse")
    return f'<circle class="start" cx="{circle.get("cx")}" cy="{circle.get("cy")}" r="{circle.get("rx")}"/>'


def _drawn_transition(group: ET.Element, look: str) -> str:
    hidden = ' display="none"' if "any" in look.split() else ""
    parts = [f'<g id="{escape(group.attrib["id"])}" class="way {look}"{hidden}>']
    for element in group:
        match element.tag.removeprefix(_SVG):
            case "path":
                parts.append(f'<path class="line" fill="none" stroke="#7f8b9e" d="{element.get("d")}"/>')
            case "polygon":
                parts.append(f'<polygon class="head" fill="#7f8b9e" points="{element.get("points")}"/>')
            case "text":
                place = f'x="{element.get("x")}" y="{element.get("y")}" text-anchor="middle"'
                parts.append(f'<text class="label" {place}>{escape((element.text or "").strip())}</text>')
    return "".join([*parts, "</g>"])


def _drawn_state(group: ET.Element, look: str, *, holds_others: bool) -> str:
    """The box with an icon for its kind, the name, and the places that an execution fills in."""
    kind, name, box = look.split()[0], group.attrib["id"].removeprefix("state-"), _box(group)
    x, y, left = box.x, box.y, box.x + 62
    radius = 26 if kind in ("succeed", "fail") else 14
    parts = [f'<g id="{escape(f"state-{name}")}" class="state defined {kind}{" container" if holds_others else ""}">']
    parts.append(f'<title class="spoken">{escape(name)}</title>')
    shifts = (8, 4, 0) if "many" in look.split() else (0,)
    parts += [_rect("box", _Box(x + s, y + s, box.width, box.height), radius, "#ffffff", "#7b8798") for s in shifts]
    parts.append(_rect("icon", _Box(x + 14, y + 18, 36, 36), 10, "#586476"))
    parts.append(_use("glyph", kind, x + 22, y + 26, 20, "#ffffff"))
    parts.append(f'<text class="name" x="{left:.1f}" y="{y + 26:.1f}">{escape(name)}</text>')
    parts.append(_use("sign", "not_reached", left, y + 34.5, 13, "#586476").replace("/>", ' display="none"/>'))
    parts.append(f'<text class="said" x="{left + 18:.1f}" y="{y + 45:.1f}">{_KINDS[kind]}</text>')
    parts.append(f'<text class="note" x="{left:.1f}" y="{y + 61.5:.1f}"></text>')
    if holds_others:
        parts.append(f'<path class="bar" display="none" d="M{x + 18:.1f} {y + 82:.1f}h{box.width - 36:.1f}"/>')
        parts.append(f'<text class="counts" x="{x + 18:.1f}" y="{y + 104:.1f}"></text>')
    return "".join([*parts, "</g>"])


def _rect(look: str, box: _Box, radius: int, fill: str, stroke: str = "none") -> str:
    place = f'x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="{radius}"'
    return f'<rect class="{look}" {place} fill="{fill}" stroke="{stroke}"/>'


def _use(look: str, icon: str, x: float, y: float, size: int, stroke: str) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" width="{size}" height="{size}"'
    return f'<use class="{look}" href="#{icon}" {place} fill="none" stroke="{stroke}"/>'
