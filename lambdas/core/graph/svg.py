"""The execution graph as one self-contained SVG: no scripts, no links, no fonts to load."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from lambdas.core.graph import glyphs, paint
from lambdas.core.graph.draw_edges import draw_label, draw_route, draw_routes
from lambdas.core.graph.draw_nodes import counted, draw_node, spoken
from lambdas.core.graph.geometry import Layout, Point, Route
from lambdas.core.graph.layout import layout_graph
from lambdas.core.graph.markup import chip, element, quoted, rectangle, sign, words
from lambdas.core.graph.model import ExecutionGraph, GraphEdge, NodeKind, NodeStatus, every_node
from lambdas.core.graph.text import duration, width

_MARGIN: Final = 40
_HEADER: Final = 122
_START: Final = 46
_MIN_WIDTH: Final = 820
_LEGEND_ROW: Final = 28
_LEGEND_SIZE: Final = 12.5


def render_svg(graph: ExecutionGraph) -> str:
    """The graph as an SVG document in UTF-8, about 700 to 1,000 pixels wide for BUILD.

    Light by default and dark where the reader's system is. The picture is the same text for the same graph.
    """
    plan = layout_graph(graph.nodes, graph.edges, graph.start_at)
    wide = max(_MIN_WIDTH, plan.width + 2 * _MARGIN)
    dx, dy = (wide - plan.width) / 2, _HEADER + _START
    legend, legend_height = _legend(wide)
    foot = dy + plan.height + 34
    high = foot + legend_height + 22
    return element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "role": "img",
            "viewBox": f"0 0 {wide:.0f} {high:.0f}",
            "width": round(wide),
            "height": round(high),
            "font-family": paint.FONT,
        },
        element("title", {}, quoted(_title(graph))),
        element("desc", {}, quoted(description(graph))),
        element("style", {}, paint.dark_rules()),
        rectangle(0, 0, wide, high, 0, paint.fill("page")),
        _header(graph, wide),
        element("g", {"transform": f"translate({dx:.1f} {dy:.1f})"}, *_drawing(graph, plan)),
        element("g", {"transform": f"translate(0 {foot:.1f})"}, legend),
    )


def description(graph: ExecutionGraph) -> str:
    """What the picture shows, in sentences: for those who cannot see it."""
    nodes = list(every_node(graph.nodes))
    reached = [node for node in nodes if node.status is not NodeStatus.NOT_REACHED]
    sentences = [f"{len(reached)} of {len(nodes)} states were reached."]
    sentences += [f"{spoken(node)}." for node in reached]
    sentences += [f"{node.name}: {counted(node.counts)}." for node in nodes if node.counts and node not in reached]
    return " ".join(sentences)


def _drawing(graph: ExecutionGraph, plan: Layout) -> Iterator[str]:
    """Containers, then lines, then what stands in front of them."""
    inner = {child.name for node in every_node(graph.nodes) if node.kind is NodeKind.MAP for child in node.children}
    nodes = list(every_node(graph.nodes))
    for node in nodes:
        if node.children:
            yield draw_node(node, plan.boxes[node.name], many=node.name in inner)
    yield draw_route(_entry(graph, plan))
    yield from draw_routes(plan.routes)
    for node in nodes:
        if not node.children:
            yield draw_node(node, plan.boxes[node.name], many=node.name in inner)
    for route in plan.routes:
        yield draw_label(route)
    first = plan.boxes[graph.start_at]
    yield element("circle", {"cx": first.centre.x, "cy": first.y - 33, "r": 7, **paint.fill("taken")})


def _entry(graph: ExecutionGraph, plan: Layout) -> Route:
    """The arrow from the dot to the first state."""
    first = plan.boxes[graph.start_at]
    reached = any(n.name == graph.start_at and n.status is not NodeStatus.NOT_REACHED for n in graph.nodes)
    edge = GraphEdge(source=graph.start_at, target=graph.start_at, taken=reached)
    return Route(edge, (Point(first.centre.x, first.y - 30), Point(first.centre.x, first.y)), True)


def _title(graph: ExecutionGraph) -> str:
    name = f"{graph.workflow}: {graph.title}" if graph.title else graph.workflow
    return f"{name} – {graph.status.lower().replace('_', ' ')}"


def _header(graph: ExecutionGraph, wide: float) -> str:
    status = paint.OF_EXECUTION[graph.status]
    word = graph.status.lower().replace("_", " ")
    badge, badge_width = chip(word, _MARGIN, 92, glyphs.STATUS[status], status)
    heading = graph.title or graph.workflow
    parts = [
        words(f"{graph.workflow} workflow".upper(), _MARGIN, 34, 12, paint.fill("soft"), bold=True),
        words(heading, _MARGIN, 62, 23, paint.fill("ink"), bold=True, room=wide - 2 * _MARGIN),
        badge,
    ]
    x = _MARGIN + badge_width + 14
    parts.append(words("   ·   ".join(_facts(graph)), x, 96.5, 13, paint.fill("soft"), room=wide - _MARGIN - x))
    rule = element("path", {"d": f"M{_MARGIN} {_HEADER}H{wide - _MARGIN:.0f}", **paint.stroke("rule")})
    return "".join(parts) + rule


def _facts(graph: ExecutionGraph) -> Iterator[str]:
    if graph.campaign_status:
        yield f"Campaign {graph.campaign_status.replace('_', ' ')}"
    if graph.started_at:
        yield f"Started {_time(graph.started_at)}"
    end = graph.stopped_at or graph.as_of
    if graph.started_at and end:
        spent = duration(max(0.0, (end - graph.started_at).total_seconds() * 1000))
        yield f"{'Took' if graph.stopped_at else 'So far'} {spent}"
    if graph.error:
        yield graph.error


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _legend(wide: float) -> tuple[str, float]:
    """The statuses and the kinds of lines, in as many rows as they need; and the height."""
    x, row = float(_MARGIN), 0
    parts = [element("path", {"d": f"M{_MARGIN} 0H{wide - _MARGIN:.0f}", **paint.stroke("rule")})]
    for sample, text, long in (*_status_samples(), *_line_samples()):
        if x + long > wide - _MARGIN:
            x, row = float(_MARGIN), row + 1
        y = 26 + row * _LEGEND_ROW
        label = words(text, 30, 4.4, _LEGEND_SIZE, paint.fill("soft"))
        parts.append(element("g", {"transform": f"translate({x:.1f} {y})"}, sample, label))
        x += long
    return "".join(parts), 26 + row * _LEGEND_ROW + 14


def _status_samples() -> Iterator[tuple[str, str, float]]:
    for status, text in paint.WORDS.items():
        ground = rectangle(0, -11, 22, 22, 7, {**paint.tone(status, ground=True), "stroke-width": 1.25})
        glyph = sign(glyphs.STATUS[status], 5, -6, 12, paint.tone(status, line=True), weight=3)
        yield ground + glyph, text, 30 + width(text, _LEGEND_SIZE) + 20


def _line_samples() -> Iterator[tuple[str, str, float]]:
    samples = (
        ("taken", "path taken", "2.75", ""),
        ("idle", "not taken", "1.5", ""),
        ("thrown", "error path", "2.75", "7 5"),
    )
    for colour, text, weight, dashes in samples:
        look = {"d": "M0 0H22", "stroke-width": weight, **paint.stroke(colour)}
        line = element("path", {**look, "stroke-dasharray": dashes} if dashes else look)
        yield line, text, 30 + width(text, _LEGEND_SIZE) + 20
    for glyph, text in ((glyphs.RETRY, "attempts"), (glyphs.LOOP, "visits")):
        yield sign(glyph, 4, -7, 14, paint.stroke("soft"), weight=2.4), text, 30 + width(text, _LEGEND_SIZE) + 20
