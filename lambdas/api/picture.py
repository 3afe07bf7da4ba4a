"""The diagram of an execution: the committed drawing of its workflow, with the status of each state filled in.

The drawing is made when the definition changes (``statemachine/picture.py`` describes its elements), so a request only
inserts texts and class names into a file. Colours and the dark scheme are CSS in that file.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Final

from lambdas.domain.graph.model import ExecutionGraph, GraphNode, MapCounts, NodeStatus, every_node
from lambdas.domain.models.workflow import ExecutionStatus

PICTURES: Final = Path(__file__).parents[2] / "statemachine" / "pictures"
"""Part of the Lambdas' code (``stacks/functions.py``)."""

_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no XML 1.0 document may contain, escaped or not."""
_GROUP: Final = re.compile(r'<g id="(state|way)-([^"]*)" class="[^"]*"[^>]*>.*?</g>', re.DOTALL)
_BAR: Final = re.compile(r'<path class="bar" display="none" d="M([0-9.-]+) ([0-9.-]+)h([0-9.]+)"/>')
_CHIP: Final = re.compile(r'<g id="execution".*?</g>', re.DOTALL)
_LIVE: Final = (NodeStatus.RUNNING, NodeStatus.WAITING, NodeStatus.RETRYING)
_OF_EXECUTION: Final = {
    ExecutionStatus.RUNNING: NodeStatus.RUNNING,
    ExecutionStatus.PENDING_REDRIVE: NodeStatus.RETRYING,
    ExecutionStatus.SUCCEEDED: NodeStatus.SUCCEEDED,
    ExecutionStatus.FAILED: NodeStatus.FAILED,
    ExecutionStatus.ABORTED: NodeStatus.STOPPED,
    ExecutionStatus.TIMED_OUT: NodeStatus.FAILED,
}
_NOTE_CHARS, _ERROR_CHARS, _HEADING_CHARS = 24, 60, 70
"""Maximum lengths. A longer text is cut, and complete in the title that a pointer or a screen reader finds."""
_SEEN: Final = 4.0
"""Minimum width of a part of the progress bar, in pixels."""


def drawn(graph: ExecutionGraph) -> str | None:
    """The graph as an SVG document; ``None`` if this release has no diagram of its workflow's shape."""
    file = PICTURES / f"{graph.workflow.lower()}-{graph.shape}.svg"
    return filled(file.read_text("utf-8"), graph) if file.is_file() else None


def filled(picture: str, graph: ExecutionGraph) -> str:
    """``picture`` with the statuses of ``graph``. States and transitions that only one of them has are skipped."""
    states = {escape(node.name): node for node in every_node(graph.nodes)}
    taken = {f"{e.source}--{e.target}{'--caught' if e.caught else ''}" for e in graph.edges if e.taken}
    if any(node.name == graph.start_at and node.visits for node in graph.nodes):
        taken.add(f"start--{graph.start_at}")
    taken = {escape(name) for name in taken}

    def fill(match: re.Match[str]) -> str:
        what, name = match.groups()
        if what == "state" and name in states:
            return _state(match[0], states[name])
        if what == "way" and name in taken:
            return match[0].replace('class="way', 'class="way taken', 1).replace(' display="none"', "", 1)
        return match[0]

    return _header(_GROUP.sub(fill, picture), graph)


def _state(markup: str, node: GraphNode) -> str:
    note = _note(node)
    took = f" · {duration(node.duration_ms)}" if node.duration_ms is not None else ""
    markup = markup.replace('class="state defined', f'class="state {node.status}{" noted" if note else ""}', 1)
    markup = _signed(markup, node.status)
    for slot, text in (("spoken", spoken(node)), ("said", word(node.status) + took), ("note", note)):
        markup = _put(markup, slot, text)
    if node.counts:
        counts = node.counts
        markup = _BAR.sub(lambda match: _progress(match, counts), markup)
        failed = f" · {counts.failed:,} failed" if counts.failed else ""
        markup = _put(markup, "counts", f"{counts.completed:,} of {counts.total:,} {counts.unit}{failed}")
    return markup


def _signed(markup: str, status: NodeStatus) -> str:
    """With the status's icon, so that colour is never the only indication."""
    return re.sub(
        r'(class="sign" href="#)not_reached("[^>]*?)(?: display="none")?/>', rf"\1{status}\2/>", markup, count=1
    )


def _put(markup: str, slot: str, text: str) -> str:
    """Set ``text`` as the content of the first element of that class. Plain text is escaped here."""
    safe = escape(_NOT_XML.sub("\ufffd", text))
    return re.sub(rf'(<\w+ class="{slot}"[^>]*>)[^<]*', lambda match: match[1] + safe, markup, count=1)


def _note(node: GraphNode) -> str:
    """As many notes as fit into the line, but at least the first."""
    note = ""
    for more in _notes(node):
        longer = f"{note} · {more}" if note else _cut(more, _NOTE_CHARS)
        note = longer if len(longer) <= _NOTE_CHARS else note
    return note


def _notes(node: GraphNode) -> Iterator[str]:
    if node.detail:
        yield node.detail
    if node.attempts > 1:
        yield f"{node.attempts} attempts"
    if node.visits > 1:
        yield f"{node.visits} visits"


def _progress(match: re.Match[str], counts: MapCounts) -> str:
    """A progress bar. Each part has a minimum width."""
    x, y, room = map(float, match.groups())
    parts = [f'<path class="bar" d="M{x} {y}h{room}"/>']
    numbers = {"completed": counts.completed, "failed": counts.failed, "running": counts.running}
    whole = max(counts.total, sum(numbers.values()), 1)
    lengths = {what: max(_SEEN, room * number / whole) if number else 0.0 for what, number in numbers.items()}
    longest = max(lengths, key=lambda what: lengths[what])
    lengths[longest] -= max(0.0, sum(lengths.values()) - room)
    for what, length in lengths.items():
        if length:
            parts.append(f'<path class="bar {what}" d="M{x:.1f} {y}h{length:.1f}"/>')
            x += length
    return "".join(parts)


def _header(picture: str, graph: ExecutionGraph) -> str:
    live = [node for node in graph.nodes if node.status in _LIVE]
    status = live[-1].status if live else _OF_EXECUTION[graph.status]
    said = word(status) if live else graph.status.lower().replace("_", " ")
    heading = graph.title or graph.workflow

    def fill(match: re.Match[str]) -> str:
        chip = match[0].replace("chip defined", f"chip {status}", 1).replace(' display="none"', "", 1)
        return _put(_signed(chip, status), "said", said)

    picture = _CHIP.sub(fill, picture)
    for slot, text in (
        ("title", f"{graph.workflow}: {heading} – {said}"),
        ("desc", description(graph)),
        ("heading", _cut(heading, _HEADING_CHARS)),
        ("facts", "   ·   ".join(_facts(graph, live))),
    ):
        picture = _put(picture, slot, text)
    return picture


def _facts(graph: ExecutionGraph, live: Sequence[GraphNode]) -> Iterator[str]:
    if graph.campaign_status:
        yield f"Campaign {graph.campaign_status.replace('_', ' ')}"
    if live:
        yield f"Now in {', '.join(node.name for node in live)}"
    if graph.error:
        yield _cut(graph.error, _ERROR_CHARS)
    if graph.started_at:
        yield f"Started {graph.started_at:%Y-%m-%d %H:%M:%S} UTC"
    end = graph.stopped_at or graph.as_of
    if graph.started_at and end:
        spent = duration(max(0.0, (end - graph.started_at).total_seconds() * 1000))
        yield f"{'Took' if graph.stopped_at else 'So far'} {spent}"


def description(graph: ExecutionGraph) -> str:
    """A description in sentences, for people who cannot see the diagram."""
    nodes = list(every_node(graph.nodes))
    reached = [node for node in nodes if node.status is not NodeStatus.NOT_REACHED]
    sentences = [f"{len(reached)} of {len(nodes)} states were reached."]
    sentences += [f"{spoken(node)}." for node in nodes if node in reached or node.counts]
    return " ".join(sentences)


def spoken(node: GraphNode) -> str:
    """The state in words, for tooltips and screen readers."""
    parts = [f"{node.name} ({node.kind}): {word(node.status)}"]
    parts += [duration(node.duration_ms)] if node.duration_ms is not None else []
    parts += _notes(node)
    if counts := node.counts:
        parts.append(
            f"{counts.completed:,} completed, {counts.running:,} running, {counts.failed:,} failed"
            f" of {counts.total:,} {counts.unit}"
        )
    return ", ".join([*parts, *filter(None, [node.comment])])


def word(status: NodeStatus) -> str:
    return "error caught" if status is NodeStatus.CAUGHT else status.replace("_", " ")


def duration(milliseconds: float) -> str:
    """``820 ms``, ``4.2 s``, ``3 min 05 s``, ``2 h 07 min``, ``3 d 4 h``."""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
