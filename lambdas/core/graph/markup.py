"""Write SVG elements. Everything that is not markup is escaped here and nowhere else."""

import re
from collections.abc import Mapping
from html import escape
from typing import Final

from lambdas.core.graph import paint
from lambdas.core.graph.model import NodeStatus
from lambdas.core.graph.text import shortened, width

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may contain, escaped or not."""


def element(tag: str, attributes: Mapping[str, str | float] | None = None, *children: str) -> str:
    """``children`` are markup already; attribute values are escaped and numbers shortened."""
    pairs = "".join(f' {name}="{quoted(_value(value))}"' for name, value in (attributes or {}).items())
    return f"<{tag}{pairs}>{''.join(children)}</{tag}>" if children else f"<{tag}{pairs}/>"


def quoted(text: str) -> str:
    """``text`` safe as element content and as an attribute's value."""
    return escape(_NOT_XML.sub("\ufffd", text), quote=True)


def _value(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


def words(
    text: str,
    x: float,
    y: float,
    size: float,
    colour: Mapping[str, str],
    *,
    bold: bool = False,
    anchor: str = "start",
    room: float | None = None,
) -> str:
    """A line of text with its baseline at ``y``; cut to ``room`` pixels."""
    shown = text if room is None else shortened(text, room, size, bold=bold)
    attributes: dict[str, str | float] = {"x": x, "y": y, "font-size": size, **colour}
    if bold:
        attributes["font-weight"] = "600"
    if anchor != "start":
        attributes["text-anchor"] = anchor
    return element("text", attributes, quoted(shown))


def sign(path: str, x: float, y: float, size: float, colour: Mapping[str, str], *, weight: float = 2) -> str:
    """A 24 by 24 glyph scaled to ``size`` with its top left corner at ``x``, ``y``. ``colour`` is a stroke."""
    place = f"translate({_value(x)} {_value(y)}) scale({size / 24:.3f})"
    line: dict[str, str | float] = {
        "fill": "none",
        "stroke-width": weight,
        "stroke-linecap": "round",
        "stroke-linejoin": "round",
    }
    return element("path", {"d": path, "transform": place, **line, **colour})


def rectangle(x: float, y: float, w: float, h: float, radius: float, extra: Mapping[str, str | float]) -> str:
    return element("rect", {"x": x, "y": y, "width": w, "height": h, "rx": radius, **extra})


def chip(text: str, x: float, y: float, status_glyph: str, status: NodeStatus) -> tuple[str, float]:
    """A rounded label with a sign, its left end at ``x`` and its middle at ``y``; and its width."""
    long = 34 + width(text, 13, bold=True) + 12
    parts = (
        rectangle(x, y - 14, long, 28, 14, {**paint.tone(status, ground=True), "stroke-width": 1.25}),
        sign(status_glyph, x + 11, y - 7.5, 15, paint.tone(status, line=True), weight=2.6),
        words(text, x + 32, y + 4.6, 13, paint.tone(status, text=True), bold=True),
    )
    return "".join(parts), long
