"""One table for each question on the terminal, one JSON file, and the plots beside it."""

import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.answer import Answer
from bench.plot import svg


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
