"""``make diagram``: draw each workflow whose definition has changed, for the API, the local console and the docs.

Graphviz is WebAssembly from npm (``requirements/package-lock.json`` pins it with its hash) and runs on the Node of the
Python lock (docs/adr/0004, 0056).
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from lambdas.domain.graph.definition import Workflow, parse
from local.process import ROOT, LocalStackError, exclusive
from local.synth import CACHE, assembly
from statemachine.picture import PICTURES, dot, framed, source_of

PAGE = ROOT / "docs" / "architecture.md"
LOCK = ROOT / "requirements" / "package-lock.json"
_LINK = re.compile(r"(<!-- (\w+):start -->\n).*?(<!-- \2:end -->)", re.DOTALL)
_DRAW = """
import { instance } from "@viz-js/viz";
import { readFileSync } from "node:fs";
process.stdout.write((await instance()).renderString(readFileSync(0, "utf8"), { format: "svg" }));
"""


def workflows(directory: Path) -> dict[str, Workflow]:
    """The state machines of a cloud assembly, by name."""
    return {name: parse(definition(directory, name)) for name in _machines(directory)}


def definition(directory: Path, name: str = "build") -> dict[str, Any]:
    """The ASL of the state machine called ``name``, with every reference in it replaced by a word."""
    found = _machines(directory).get(name)
    if found is None:
        raise LocalStackError(f"no state machine {name!r} in {directory}")
    parsed: dict[str, Any] = json.loads(_flat(found))
    return parsed


def _machines(directory: Path) -> dict[str, Any]:
    return {
        resource["Properties"]["StateMachineName"]: resource["Properties"]["DefinitionString"]
        for path in sorted(directory.glob("*.template.json"))
        for resource in json.loads(path.read_text())["Resources"].values()
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
    }


def _flat(value: Any) -> str:
    """A definition string whose ``Fn::Join`` still holds references."""
    if isinstance(value, str):
        return value
    separator, parts = value["Fn::Join"]
    return str(separator).join(part if isinstance(part, str) else "ref" for part in parts)


def file_of(name: str, workflow: Workflow) -> Path:
    return PICTURES / f"{name}-{workflow.shape}.svg"


def is_drawn(name: str, workflow: Workflow) -> bool:
    """Whether there is a diagram of this shape, drawn with the current drawing code."""
    file = file_of(name, workflow)
    return file.is_file() and f'data-source="{source_of(LOCK.read_bytes())}"' in file.read_text("utf-8")


def page_with(shapes: dict[str, Workflow], page: str) -> str:
    """``page`` with the diagrams inserted between their markers."""

    def link(match: re.Match[str]) -> str:
        name = match[2]
        return f"{match[1]}![The workflow {name.upper()}](../{_relative(file_of(name, shapes[name]))})\n{match[3]}"

    changed, found = _LINK.subn(link, page)
    if found != len(shapes):
        raise LocalStackError(
            f"{PAGE} needs the markers <!-- NAME:start --> and <!-- NAME:end --> for each of {[*shapes]}"
        )
    return changed


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def graphviz(text: str) -> str:
    """Graphviz's SVG of ``text``, which is DOT."""
    directory = CACHE / f"graphviz-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    with exclusive(directory):
        if not (directory / "node_modules" / ".package-lock.json").is_file():
            for file in (LOCK, LOCK.with_name("package.json")):
                shutil.copy(file, directory)
            _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], directory)
    return _run(["node", "--input-type=module", "--eval", _DRAW], directory, text)


def _run(command: list[str], directory: Path, text: str = "") -> str:
    # The virtual environment's bin first: it holds the Node that the lock brings.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    result = subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "PATH": path},
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if result.returncode != 0:
        raise LocalStackError(f"{' '.join(command[:2])} failed:\n{(result.stderr or result.stdout).strip()}")
    return result.stdout


def write() -> None:
    """Draw what is not drawn yet. Diagrams of other shapes are kept: running executions may have them."""
    shapes = workflows(assembly())
    for name, workflow in shapes.items():
        if is_drawn(name, workflow):
            continue
        drawing = framed(graphviz(dot(workflow)), workflow, name.upper(), source_of(LOCK.read_bytes()))
        file_of(name, workflow).write_text(drawing, "utf-8")
        print(f"drew {_relative(file_of(name, workflow))}")
    PAGE.write_text(page_with(shapes, PAGE.read_text()))


if __name__ == "__main__":
    write()
