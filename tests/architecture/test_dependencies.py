"""Dependencies point one way: ``build | api | ops | … → services → ports → domain``; bootstrap alone knows all."""

import sys
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.architecture.sources import ROOMS, Source, import_time, imported, imports, sources

ROOMS_OF = {
    "domain": {"domain"},
    "ports": {"domain", "ports"},
    "services": {"domain", "ports", "services"},
    "adapters": {"domain", "ports", "services", "adapters", "settings"},
    "agents": {"domain", "ports", "services", "agents", "settings"},
    "api": {"domain", "ports", "services", "api", "agents", "settings"},
    "build": {"domain", "ports", "services", "build", "agents", "settings"},
    "run": {"domain", "ports", "services", "run", "agents", "settings"},
    "ops": {"domain", "ports", "services", "ops", "settings"},
    "workers": {"domain", "ports", "services", "workers", "settings"},
}
"""Which rooms a module may know."""
OF_AN_ENTRY_POINT = {"bootstrap", "adapters"}
"""In addition, for a module that defines a handler."""

LIBRARIES_OF = {
    "domain": {"pydantic", "pydantic_core", "publicsuffixlist", "regex", "smsutil", "twitter_text", "ulid", "holidays"},
    "ports": set[str](),
    "services": {"jwt", "pydantic"},
    "adapters": {
        "aws_lambda_powertools",
        "boto3",
        "botocore",
        "mypy_boto3_*",
        "pydantic",
        "css_inline",
        "ulid",
        "urllib3",
    },
    "agents": {"pydantic", "regex"},
    "api": {"aws_lambda_powertools", "jinja2", "markupsafe", "pydantic"},
    "build": {"pydantic"},
    "run": {"jinja2", "pydantic"},
    "ops": {"pydantic"},
    "workers": {"pydantic"},
}
"""Libraries by room. boto3 and everything else that talks to the outside is for adapters."""

NETWORK = {"asyncio", "ftplib", "http.client", "http.server", "multiprocessing", "smtplib", "socket", "socketserver"}
NETWORK |= {"ssl", "subprocess", "urllib.request", "xmlrpc", "sqlite3", "shelve"}
FILES = {"io", "pathlib", "shutil", "tempfile", "importlib.resources"}

LAMBDAS = sources("lambdas")


def rooms_known(source: Source) -> set[str]:
    return {parts[1] for name in imports(source) if (parts := name.split("."))[0] == "lambdas" and len(parts) > 1}


def libraries(source: Source) -> set[str]:
    tops = {name.split(".")[0] for name in imports(source)}
    found = tops - set(sys.stdlib_module_names) - {"lambdas"}
    return {"mypy_boto3_*" if name.startswith("mypy_boto3_") else name for name in found}


def test_there_is_something_to_look_at() -> None:
    assert {source.room for source in LAMBDAS} >= set(ROOMS) - {"run"}
    assert {source.room for source in LAMBDAS} <= {*ROOMS, "lambdas", "settings", "bootstrap"}


def test_a_module_knows_the_rooms_it_may_know() -> None:
    wrong = {
        source.name: more
        for source in LAMBDAS
        if source.room in ROOMS
        and (more := rooms_known(source) - ROOMS_OF[source.room] - (OF_AN_ENTRY_POINT if source.is_handler else set()))
    }
    assert wrong == {}


def test_a_module_uses_the_libraries_of_its_room() -> None:
    wrong = {
        source.name: more
        for source in LAMBDAS
        if source.room in ROOMS
        and (
            more := libraries(source)
            - LIBRARIES_OF[source.room]
            - ({"aws_lambda_powertools"} if source.is_handler else set())
        )
    }
    assert wrong == {}


def test_only_adapters_reach_for_the_network() -> None:
    wrong = {
        source.name: more for source in LAMBDAS if source.room != "adapters" and (more := imports(source) & NETWORK)
    }
    assert wrong == {}


def test_the_domain_reads_no_files() -> None:
    wrong = {source.name: more for source in LAMBDAS if source.room == "domain" and (more := imports(source) & FILES)}
    assert wrong == {}


def test_an_agent_never_imports_another() -> None:
    """What they share is a module beside their folders."""
    agents = {source.name.split(".")[2] for source in LAMBDAS if source.room == "agents" and source.is_handler}
    wrong = {
        source.name: more
        for source in LAMBDAS
        if source.room == "agents" and len(parts := source.name.split(".")) > 2 and parts[2] in agents
        if (more := {f"lambdas.agents.{other}" for other in agents - {parts[2]}} & imports(source))
    }
    assert wrong == {}


def test_nobody_imports_an_entry_point() -> None:
    """So no state, route or worker imports another, and synthesis imports none."""
    handlers = {source.name for source in LAMBDAS if source.is_handler}
    assert handlers >= {"lambdas.build.plan_posts", "lambdas.api.rest.handler"}
    wrong = {
        source.name: more
        for source in sources("lambdas", "stacks", "statemachine")
        if (more := imports(source) & handlers)
    }
    assert wrong == {}


def test_infrastructure_knows_the_domain_and_not_the_code_that_runs() -> None:
    allowed = {
        # The gateway offers the application's routes, which are written there (ADR 64).
        "stacks": ("stacks", "statemachine", "lambdas.domain", "lambdas.services", "lambdas.api.rest.app"),
        "statemachine": ("statemachine", "lambdas.domain"),
    }
    ours = ("stacks", "statemachine", "lambdas", "local", "tests")
    for source in sources("stacks", "statemachine"):
        known = {name for name in imports(source) if name.split(".")[0] in ours}
        assert {name for name in known if not name.startswith(allowed[source.room])} == set(), source.name


def test_what_runs_in_lambda_knows_nothing_of_its_surroundings() -> None:
    for source in LAMBDAS:
        known = {name.split(".")[0] for name in imports(source)}
        assert not known & {"stacks", "statemachine", "local", "tests", "aws_cdk", "moto", "pytest", "ministack"}, (
            source.name
        )


def test_there_are_no_circles() -> None:
    every = sources("lambdas", "stacks", "statemachine", "local")
    names = {source.name for source in every}
    graph = {source.name: (imported(import_time(source.tree)) & names) - {source.name} for source in every}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))
