"""What a measurement answers, shown: a table on the terminal, one JSON file, and the plots (SVG) beside it."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from rich.console import Console
from rich.table import Table


class Point(NamedTuple):
    x: float
    y: float


@dataclass(frozen=True)
class Plot:
    """Lines over a shared axis. ``name`` becomes the file's."""

    name: str
    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[Point]]
    logarithmic: bool = True


@dataclass(frozen=True)
class Answer:
    """One table of the report. ``data`` goes to the JSON file as it is; ``notes`` say what a reader should know."""

    question: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    data: Any
    plots: Sequence[Plot] = ()
    notes: Sequence[str] = field(default_factory=list)


class Options(NamedTuple):
    """``full`` is the long run; stacks live below ``stacks`` and are thrown away, ``home`` stays."""

    full: bool
    stacks: Path
    port: int
    home: Path


WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 420, 80, 40, 250, 50
COLOURS = ("#0b5fff", "#d1495b", "#2e7d32", "#8e44ad", "#b7791f", "#555555")


class _Axis:
    """From values to pixels, logarithmic or from zero."""

    def __init__(self, values: Sequence[float], start: float, end: float, *, logarithmic: bool) -> None:
        self._log = logarithmic and min(values) > 0
        low, high = (min(values), max(values)) if self._log else (0.0, max(values))
        self._low, self._high = self._scale(low), self._scale(high)
        self._start, self._end = start, end
        self.ticks = self._ticks(low, high)

    def place(self, value: float) -> float:
        span = (self._high - self._low) or 1.0
        return self._start + (self._scale(value) - self._low) / span * (self._end - self._start)

    def _scale(self, value: float) -> float:
        return math.log10(value) if self._log else value

    def _ticks(self, low: float, high: float) -> list[float]:
        if not self._log:
            return [high * part / 4 for part in range(5)]
        powers = [10.0**power for power in range(math.ceil(self._low), math.floor(self._high) + 1)]
        return powers if len(powers) > 1 else [low, high]


def svg(plot: Plot) -> str:
    points = [point for line in plot.lines.values() for point in line]
    x = _Axis([p.x for p in points], LEFT, WIDTH - RIGHT, logarithmic=plot.logarithmic)
    y = _Axis([p.y for p in points], HEIGHT - BOTTOM, TOP, logarithmic=plot.logarithmic)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12"><title>{escape(plot.title)}</title>',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15" font-weight="600">{escape(plot.title)}</text>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{escape(plot.x)}</text>',
        f'<text x="16" y="{(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" '
        f'transform="rotate(-90 16 {(TOP + HEIGHT - BOTTOM) / 2})">{escape(plot.y)}</text>',
        *(_vertical(tick, x.place(tick)) for tick in x.ticks),
        *(_horizontal(tick, y.place(tick)) for tick in y.ticks),
    ]
    for number, (name, line) in enumerate(plot.lines.items()):
        parts.append(_line(name, [Point(x.place(p.x), y.place(p.y)) for p in line], number))
    return "\n".join([*parts, "</svg>\n"])


def _vertical(tick: float, at: float) -> str:
    return (
        f'<path d="M{at:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#dddddd"/>'
        f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick:,.6g}</text>'
    )


def _horizontal(tick: float, at: float) -> str:
    return (
        f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>'
        f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{tick:,.3g}</text>'
    )


def _line(name: str, places: Sequence[Point], number: int) -> str:
    colour = COLOURS[number % len(COLOURS)]
    path = " ".join(f"{p.x:.1f},{p.y:.1f}" for p in places)
    dots = "".join(f'<circle cx="{p.x:.1f}" cy="{p.y:.1f}" r="3" fill="{colour}"/>' for p in places)
    row = TOP + 8 + number * 20
    key = f'<text x="{WIDTH - RIGHT + 34}" y="{row + 4}">{escape(name)}</text>'
    return (
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>{dots}'
        f'<path d="M{WIDTH - RIGHT + 12} {row}h16" stroke="{colour}" stroke-width="3"/>{key}'
    )


def show(console: Console, answer: Answer) -> None:
    table = Table(title=answer.question, title_justify="left")
    for number, column in enumerate(answer.columns):
        table.add_column(
            column, justify="left" if number == 0 or column in ("engine", "heaviest imports (ms)") else "right"
        )
    for row in answer.rows:
        table.add_row(*row)
    console.print(table)
    for note in answer.notes:
        console.print(note, style="dim")
    console.print()


def write(file: Path, machine: dict[str, Any], answers: dict[str, Answer], seconds: dict[str, float]) -> list[Path]:
    """Add to the file what was measured now; answers of earlier runs stay, each with its machine."""
    kept: dict[str, Any] = json.loads(file.read_text()) if file.is_file() else {}
    for name, answer in answers.items():
        kept[name] = {
            "question": answer.question,
            "machine": machine,
            "seconds": round(seconds[name], 1),
            "columns": list(answer.columns),
            "rows": [list(row) for row in answer.rows],
            "notes": list(answer.notes),
            "data": answer.data,
        }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n")
    written = [file]
    for answer in answers.values():
        for plot in answer.plots:
            picture = file.with_name(f"bench-{plot.name}.svg")
            picture.write_text(svg(plot))
            written.append(picture)
    return written
