"""Draw the states."""

from collections.abc import Sequence
from typing import Final

from lambdas.core.graph import glyphs, paint
from lambdas.core.graph.geometry import Box
from lambdas.core.graph.markup import element, quoted, rectangle, sign, words
from lambdas.core.graph.model import GraphNode, MapCounts, NodeKind, NodeStatus
from lambdas.core.graph.sizes import (
    BADGE_GAP,
    BADGE_SIZE,
    COUNTS_HEIGHT,
    ERROR_LINE,
    HEIGHT,
    ICON,
    NAME_AT,
    NAME_SIZE,
    PAD,
    SMALL_SIZE,
    STATUS_SIGN,
    badge_width,
    is_container,
    status_line,
)
from lambdas.core.graph.text import duration, width

_SEEN: Final = 4.0
_LIVE: Final = (NodeStatus.RUNNING, NodeStatus.WAITING, NodeStatus.RETRYING)


def draw_node(node: GraphNode, box: Box, *, many: bool = False) -> str:
    """A state at its place. ``many`` draws it as a pile: it runs once for each item of a map."""
    parts = [element("title", {}, quoted(spoken(node)))]
    if many:
        back: dict[str, str | float] = {**paint.tone(node.status, ground=True), "stroke-width": 1}
        parts += [rectangle(box.x + s, box.y + s, box.width, box.height, 12, back) for s in (8, 4)]
    parts.append(_frame(node, box))
    parts.append(_icon(node, box))
    parts += _texts(node, box)
    if is_container(node) and node.counts:
        parts.append(_progress(node.counts, box))
    return element("g", {}, *parts)


def spoken(node: GraphNode) -> str:
    """The node in words, for a pointer resting on it and for a screen reader."""
    parts = [f"{node.name} ({node.kind}): {paint.WORDS[node.status]}"]
    if node.detail:
        parts.append(node.detail)
    if node.duration_ms is not None:
        parts.append(duration(node.duration_ms))
    if node.attempts > 1:
        parts.append(f"{node.attempts} attempts")
    if node.visits > 1:
        parts.append(f"{node.visits} visits")
    if node.counts:
        parts.append(counted(node.counts))
    if node.comment:
        parts.append(node.comment)
    return ", ".join(parts)


def counted(counts: MapCounts) -> str:
    return (
        f"{counts.completed:,} completed, {counts.running:,} running, {counts.failed:,} failed"
        f" of {counts.total:,} {counts.unit}"
    )


def _frame(node: GraphNode, box: Box) -> str:
    look: dict[str, str | float] = {**paint.tone(node.status, ground=True), "stroke-width": 1.5}
    if node.status in (*_LIVE, NodeStatus.FAILED):
        look["stroke-width"] = 2.5
    if node.status is NodeStatus.NOT_REACHED:
        look["stroke-dasharray"] = "5 4"
    radius = box.height / 2 if node.kind in (NodeKind.SUCCEED, NodeKind.FAIL) and not node.detail else 14
    return rectangle(box.x, box.y, box.width, box.height, radius, look)


def _icon(node: GraphNode, box: Box) -> str:
    x, y = box.x + PAD, box.y + (HEIGHT - ICON) / 2
    glyph = sign(glyphs.of_kind(node.kind, callback=node.callback), x + 8, y + 8, 20, paint.stroke("on-icon"))
    return rectangle(x, y, ICON, ICON, 10, paint.tone(node.status)) + glyph


def _texts(node: GraphNode, box: Box) -> list[str]:
    left, top = box.x + NAME_AT, box.y
    badges, taken = _badges(node, box)
    room = box.width - NAME_AT - PAD
    ink = paint.fill("soft" if node.status is NodeStatus.NOT_REACHED else "ink")
    colour = paint.tone(node.status, text=True)
    parts = [
        words(node.name, left, top + 27, NAME_SIZE, ink, bold=True, room=room),
        sign(glyphs.STATUS[node.status], left, top + 36.5, 13, paint.tone(node.status, line=True), weight=2.8),
        words(status_line(node), left + STATUS_SIGN, top + 47.5, SMALL_SIZE, colour, room=room - STATUS_SIGN - taken),
        *badges,
    ]
    if node.detail:
        past = node.status is NodeStatus.SUCCEEDED
        error = f"after {node.detail}" if past else node.detail
        parts.append(words(error, left, top + 47.5 + ERROR_LINE, SMALL_SIZE, colour, bold=not past, room=room))
    return parts


def _badges(node: GraphNode, box: Box) -> tuple[list[str], float]:
    """How often it was tried and how often it was entered, at the right end of the status line."""
    shown = [(glyphs.RETRY, node.attempts)] if node.attempts > 1 else []
    shown += [(glyphs.LOOP, node.visits)] if node.visits > 1 else []
    parts, x = [], box.x + box.width - PAD
    for glyph, number in reversed(shown):
        long = badge_width(number)
        x -= long
        parts.append(rectangle(x, box.y + 34, long, 19, 9.5, paint.tone(node.status)))
        parts.append(sign(glyph, x + 6, box.y + 38, 11, paint.stroke("on-icon"), weight=3))
        parts.append(words(f"{number}×", x + 20, box.y + 47.6, BADGE_SIZE, paint.fill("on-icon"), bold=True))
        x -= BADGE_GAP
    return parts, box.x + box.width - PAD - x


def _progress(counts: MapCounts, box: Box) -> str:
    """A bar of what is completed, running and failed, and the same in words below it."""
    x, y, w = box.x + PAD, box.bottom - COUNTS_HEIGHT + 8, box.width - 2 * PAD
    parts = [rectangle(x, y, w, 10, 5, paint.fill("track"))]
    at = x
    shown = (
        (NodeStatus.SUCCEEDED, counts.completed),
        (NodeStatus.FAILED, counts.failed),
        (NodeStatus.RUNNING, counts.running),
    )
    for (status, _), long in zip(shown, shares([number for _, number in shown], counts.total, w), strict=True):
        if long:
            parts.append(rectangle(at, y, long, 10, min(5, long / 2), paint.tone(status)))
            at += long
    label_x = x
    for status, number in shown:
        if number or status is NodeStatus.SUCCEEDED:
            text = f"{number:,}"
            parts.append(sign(glyphs.STATUS[status], label_x, y + 18.5, 12, paint.tone(status, line=True), weight=3))
            parts.append(words(text, label_x + 16, y + 29, SMALL_SIZE, paint.tone(status, text=True), bold=True))
            label_x += 16 + width(text, SMALL_SIZE, bold=True) + 12
    total = f"of {counts.total:,} {counts.unit}"
    parts.append(words(total, x + w, y + 29, SMALL_SIZE, paint.fill("soft"), anchor="end", room=x + w - label_x))
    return "".join(parts)


def shares(numbers: Sequence[int], total: int, room: float) -> list[float]:
    """Lengths in proportion, but never too short to be seen and never longer than ``room`` together."""
    whole = max(total, sum(numbers), 1)
    lengths = [max(_SEEN, room * number / whole) if number else 0.0 for number in numbers]
    excess = sum(lengths) - room
    if excess > 0:
        longest = lengths.index(max(lengths))
        lengths[longest] = max(_SEEN, lengths[longest] - excess)
    return lengths
