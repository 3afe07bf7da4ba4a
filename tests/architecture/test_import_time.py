"""Importing a module does nothing: no client, no environment, no logger, no clock."""

import ast

from tests.architecture.sources import Source, import_time, sources

CALLS = {
    "Logger",
    "Metrics",
    "SystemClock",
    "Tracer",
    "boto3.Session",
    "boto3.client",
    "boto3.resource",
    "client",
    "datetime.now",
    "datetime.utcnow",
    "environ.get",
    "getenv",
    "logger",
    "open",
    "os.environ.get",
    "os.getenv",
    "settings",
    "time.time",
    "uuid4",
}
"""Too early at import: it costs a cold start, or is wrong in every test that imports the module."""

READS_THE_ENVIRONMENT = {"lambdas.settings"}
"""And nothing else does, at any time."""


def dotted(node: ast.AST) -> str:
    """``os.environ`` for the expression of that look, empty for others."""
    if isinstance(node, ast.Attribute):
        start = dotted(node.value)
        return f"{start}.{node.attr}" if start else ""
    return node.id if isinstance(node, ast.Name) else ""


def early(source: Source) -> set[str]:
    nodes = list(import_time(source.tree))
    called = {dotted(node.func) for node in nodes if isinstance(node, ast.Call)}
    read = {dotted(node) for node in nodes if isinstance(node, (ast.Attribute, ast.Name))}
    return (called & CALLS) | (read & {"os.environ", "environ"})


def test_nothing_happens_when_a_module_is_imported() -> None:
    assert {source.name: found for source in sources("lambdas") if (found := early(source))} == {}


def test_the_settings_alone_read_the_environment() -> None:
    readers = {
        source.name
        for source in sources("lambdas")
        for node in ast.walk(source.tree)
        if dotted(node) in ("os.environ", "os.getenv", "environ", "getenv")
    }
    assert readers == READS_THE_ENVIRONMENT


def test_early_work_would_be_seen() -> None:
    """The test above sees class bodies, decorators and defaults, and does not see what runs later."""
    tree = ast.parse(
        "import os, boto3\n"
        "class A:\n    table = os.environ['TABLE']\n"
        "@frame(Logger())\n"
        "def f(now=datetime.now()):\n    return boto3.client('s3')\n"
    )
    assert early(Source("example", sources("lambdas")[0].path, tree)) == {"os.environ", "Logger", "datetime.now"}
