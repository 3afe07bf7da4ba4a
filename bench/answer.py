"""What a measurement answers, and what it is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple


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
