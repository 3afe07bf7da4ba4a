"""Folders stay tidy: small modules that are no crumbs, short functions, names that do not collide."""

import ast
import re
from collections import Counter
from pathlib import Path

from local.process import ROOT
from tests.architecture.sources import SOURCES, Source, sources

MAX_LINES = 320
MAX_FUNCTION_LINES = 40
MIN_LINES, CRUMBS = 40, 15
"""A module of less is part of an idea; how many there are only goes down. A handler is as short as it can be."""
MAX_MODULES = 12
LARGER_FOLDERS = {
    "lambdas/adapters/aws",
    "lambdas/adapters/table",
    "lambdas/api/rest",
    "lambdas/build",
    "lambdas/domain",
    "lambdas/domain/models",
    "lambdas/services",
    "local",
    "local/emulator",
    "stacks",
}
"""Folders of more modules. The list only gets shorter."""
TWINS = {"agent", "contract", "handler"}
"""Each agent has these of its own, and its folder says whose they are."""
NAMESAKES = {"approval": 2}
"""How many modules of ``lambdas`` have the same name. It only gets less."""
DRAWERS = {"common", "helper", "helpers", "misc", "shared", "stuff", "tools", "util", "utils"}

EVERYTHING = sources(*SOURCES)


def test_no_file_is_long() -> None:
    paths = [source.path for source in sources(*SOURCES, "tests")] + [ROOT / "cdk_app.py"]
    long = {
        str(path.relative_to(ROOT)): lines
        for path in paths
        if (lines := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert long == {}


def test_no_function_needs_scrolling() -> None:
    long = {
        f"{source.name}.{node.name}": lines
        for source in EVERYTHING
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == {}


def modules() -> list[Source]:
    return [source for source in EVERYTHING if source.path.name != "__init__.py"]


def test_modules_are_no_crumbs() -> None:
    found = [
        source.name
        for source in modules()
        if not source.is_handler and len(source.path.read_text().splitlines()) < MIN_LINES
    ]
    assert len(found) <= CRUMBS, f"merge the new one with the module of its idea: {found}"


def test_folders_can_be_surveyed() -> None:
    sizes = Counter(source.path.parent.relative_to(ROOT).as_posix() for source in modules())
    large = {folder for folder, size in sizes.items() if size > MAX_MODULES}
    assert large <= LARGER_FOLDERS, "divide it by ideas"


def test_no_two_modules_have_the_same_name() -> None:
    names = Counter(source.path.stem for source in modules() if source.name.startswith("lambdas."))
    same = {name: count for name, count in names.items() if count > 1 and name not in TWINS}
    assert all(count <= NAMESAKES.get(name, 1) for name, count in same.items()), same


def is_export(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(ast.Constant(str())) | ast.Import() | ast.ImportFrom():
            return True
        case ast.Assign([ast.Name("__all__")], ast.List()):
            return True
        case _:
            return False


def test_package_files_hold_docstrings_and_exports_only() -> None:
    # ``lambdas`` alone also says how seldom to look for garbage, which has to come before any import (ADR 74).
    packages = [source for source in EVERYTHING if source.path.name == "__init__.py" and source.name != "lambdas"]
    assert packages
    assert {package.name for package in packages if not all(map(is_export, package.tree.body))} == set()


def test_a_package_exports_what_it_imports() -> None:
    for package in (source for source in EVERYTHING if source.path.name == "__init__.py"):
        brought = {
            alias.asname or alias.name
            for node in package.tree.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        listed = {
            element.value
            for node in package.tree.body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.List)
            for element in node.value.elts
            if isinstance(element, ast.Constant)
        }
        assert brought == listed, package.name


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {source.path.parent for source in EVERYTHING}
    assert {str(folder.relative_to(ROOT)) for folder in folders if not (folder / "__init__.py").is_file()} == set()


def test_there_are_no_drawers() -> None:
    parts = {part for source in EVERYTHING for part in source.name.split(".")}
    assert not parts & DRAWERS


def has_docstring(source: Source) -> bool:
    return bool(ast.get_docstring(source.tree)) or not source.tree.body


def test_every_module_says_what_it_is_for() -> None:
    assert {source.name for source in EVERYTHING if not has_docstring(source)} == set()


def comments(path: Path) -> list[str]:
    return [line.strip() for line in path.read_text().splitlines() if "#" in line]


def test_every_exception_from_a_check_has_its_reason_in_the_same_line() -> None:
    bare = re.compile(r"#\s*(noqa|type:\s*ignore)(:\s*\w+|\[[\w, -]+\])?\s*$")
    wrong = {
        f"{source.path.relative_to(ROOT)}: {line}"
        for source in sources(*SOURCES, "tests")
        for line in comments(source.path)
        if bare.search(line)
    }
    assert wrong == set()


def test_nothing_is_left_to_do() -> None:
    marker = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b")
    assert not [source.name for source in sources(*SOURCES) if any(map(marker.search, comments(source.path)))]
