"""The project's modules as syntax trees: what they import, and what they do when they are imported."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from local.process import ROOT

ROOMS = ("domain", "ports", "services", "adapters", "agents", "api", "build", "ops", "run", "workers")
SOURCES = ("lambdas", "stacks", "statemachine", "local")


class Source(NamedTuple):
    """``name`` is the dotted name of the module."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def room(self) -> str:
        """``lambdas.domain.ids`` is in ``domain``; whatever is outside ``lambdas`` is in its top folder."""
        parts = self.name.split(".")
        return parts[1] if parts[0] == "lambdas" and len(parts) > 1 else parts[0]

    @property
    def is_handler(self) -> bool:
        """An entry point: Lambda calls the ``handler`` that the module defines."""
        defined = {node.name for node in self.tree.body if isinstance(node, ast.FunctionDef)}
        assigned = {ast.unparse(node.targets[0]) for node in self.tree.body if isinstance(node, ast.Assign)}
        return "handler" in defined | assigned


def sources(*folders: str) -> tuple[Source, ...]:
    """Every module below ``folders`` of the project."""
    return tuple(source for folder in sorted(folders) for source in _below(folder))


@cache
def _below(folder: str) -> tuple[Source, ...]:
    paths = sorted((ROOT / folder).rglob("*.py"))
    return tuple(Source(_dotted(path), path, ast.parse(path.read_text(), str(path))) for path in paths)


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """What import statements among ``nodes`` name: modules, and ``module.member`` for members."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imports(source: Source) -> set[str]:
    """Wherever in the module, for type checking too."""
    return imported(ast.walk(source.tree))


def import_time(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when the module is imported: no bodies of functions, nothing for type checkers only."""
    yield tree
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            early: list[ast.expr | None] = [*child.decorator_list, *child.args.defaults, *child.args.kw_defaults]
            for expression in filter(None, early):
                yield from import_time(expression)
        elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
            for statement in child.orelse:
                yield from import_time(statement)
        elif not isinstance(child, ast.Lambda):
            yield from import_time(child)
