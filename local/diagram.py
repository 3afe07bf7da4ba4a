"""The workflow as a picture, drawn from its synthesised definition: ``make diagram`` puts it into the docs."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from local.process import ROOT, LocalStackError
from local.synth import assembly

PAGE = ROOT / "docs" / "architecture.md"
_BLOCK = re.compile(r"(<!-- build:start -->\n).*?(<!-- build:end -->)", re.DOTALL)
_SHAPES = {"Choice": ("{", "}"), "Succeed": ("([", "])"), "Fail": ("([", "])"), "Map": ("[[", "]]")}


def definition(directory: Path, name: str = "build") -> dict[str, Any]:
    """The ASL of the state machine called ``name``, with every reference in it replaced by a word."""
    for path in sorted(directory.glob("*.template.json")):
        for resource in json.loads(path.read_text())["Resources"].values():
            if resource["Type"] == "AWS::StepFunctions::StateMachine":
                properties = resource["Properties"]
                if properties["StateMachineName"].endswith(name):
                    parsed: dict[str, Any] = json.loads(_flat(properties["DefinitionString"]))
                    return parsed
    raise LocalStackError(f"no state machine {name!r} in {directory}")


def _flat(value: Any) -> str:
    """A definition string whose ``Fn::Join`` still holds references."""
    if isinstance(value, str):
        return value
    separator, parts = value["Fn::Join"]
    return str(separator).join(part if isinstance(part, str) else "ref" for part in parts)


def mermaid(asl: Mapping[str, Any]) -> str:
    """A Mermaid flowchart: solid arrows are the way, dotted ones are caught errors."""
    lines = ["flowchart TD", f"  start((start)) --> {asl['StartAt']}"]
    for name, state in asl["States"].items():
        left, right = _SHAPES.get(state["Type"], ("[", "]"))
        lines.append(f'  {name}{left}"{name}"{right}')
        lines.extend(_arrows(name, state))
        lines.extend(_inside(name, state))
    return "\n".join(lines) + "\n"


def _arrows(name: str, state: Mapping[str, Any]) -> Iterator[str]:
    if "Next" in state:
        yield f"  {name} --> {state['Next']}"
    for choice in state.get("Choices", []):
        yield f"  {name} -- {choice.get('StringEquals', 'when')} --> {choice['Next']}"
    if "Default" in state:
        yield f"  {name} -- otherwise --> {state['Default']}"
    for catch in state.get("Catch", []):
        errors = ", ".join(catch["ErrorEquals"])
        yield f"  {name} -. {errors} .-> {catch['Next']}"


def _inside(name: str, state: Mapping[str, Any]) -> Iterator[str]:
    for inner in state.get("ItemProcessor", {}).get("States", {}):
        yield f'  {name} === {inner}["{inner} (one for each batch)"]'


def page_with(diagram: str, page: str) -> str:
    """``page`` with ``diagram`` between its markers."""
    changed, found = _BLOCK.subn(lambda m: f"{m[1]}```mermaid\n{diagram}```\n{m[2]}", page)
    if found != 1:
        raise LocalStackError("docs/architecture.md has lost its markers <!-- build:start --> and <!-- build:end -->")
    return changed


def write() -> None:
    """Redraw the picture in ``docs/architecture.md``."""
    PAGE.write_text(page_with(mermaid(definition(assembly())), PAGE.read_text()))


if __name__ == "__main__":
    write()
