"""Rooms stay tidy: small files, empty package files, no drawer for odds and ends."""

import ast
import re
from pathlib import Path

from local.process import ROOT
from tests.architecture.sources import SOURCES, Source, sources

MAX_LINES = 320
MAX_FUNCTION_LINES = 50
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
        if isinstance(node, ast.FunctionDef)
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > MAX_FUNCTION_LINES
    }
    assert long == {}


def is_export(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(ast.Constant(str())) | ast.Import() | ast.ImportFrom():
            return True
        case ast.Assign([ast.Name("__all__")], ast.List()):
            return True
        case _:
            return False


def test_package_files_hold_docstrings_and_exports_only() -> None:
    packages = [source for source in EVERYTHING if source.path.name == "__init__.py"]
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
