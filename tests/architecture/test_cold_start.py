"""What a cold start imports, measured where it happens: with the dependency layer and nothing else on the path.

Modules are counted and not timed, so that the test says the same on a busy machine. Importing a thousand small
modules costs about as much as one client of boto3, and each library that a step does not need is paid by every cold
start of it.
"""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.process import ROOT
from stacks.dependency_layer import build_layer
from tests.architecture.sources import sources

pytestmark = pytest.mark.xdist_group("cold-start")  # measured once, by one worker

HANDLERS = [source.name for source in sources("lambdas") if source.is_handler]

BARE = """
import boto3
from aws_lambda_powertools import Logger
from pydantic import BaseModel

class Event(BaseModel):
    x: int
"""
"""The handler that any other is measured against."""

LIBRARIES = 1.05
"""Modules of libraries and of Python in a cold start, relative to the bare handler's."""
LIBRARIES_OF_THE_API = 1.30
"""Its routes are Powertools' event handler, which brings 85 modules and asyncio."""
OWN = 92
"""Modules of this project that are imported with the handler's: the API, with its routes, has the most. A few adapters
come when they are first asked for."""

MODELS = 104
"""Models of this project that are defined, which takes pydantic 0.1 to 0.2 ms each: again, the API has the most."""
BUILT = 6
"""Of those, the ones that are built, which takes 0.3 to 4 ms each. The others are parts of these, or wait until they
are used."""

Loaded = Callable[[str], set[str]]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    """Runs code as Lambda would and answers which modules it has loaded."""
    layer = build_layer("local") / "python"
    compiled = tmp_path_factory.mktemp("compiled")  # so that the cached layer stays as it was built

    def run(code: str) -> set[str]:
        result = subprocess.run(
            # Without site-packages: what a developer has installed beside the layer is not there in Lambda.
            [sys.executable, "-S", "-c", f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"],
            cwd=compiled,
            env={
                "PATH": os.defpath,
                "PYTHONPATH": os.pathsep.join([str(layer), str(ROOT)]),
                "PYTHONPYCACHEPREFIX": str(compiled),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return set(json.loads(result.stdout.splitlines()[-1]))

    run(BARE)  # compiles what everybody needs before two do it at once
    return run


@pytest.fixture(scope="module")
def cold_starts(loaded: Loaded) -> dict[str, set[str]]:
    """The modules of each handler, imported in a process of its own without any of AWS's environment."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(HANDLERS, pool.map(lambda name: loaded(f"import {name}"), HANDLERS), strict=True))


def is_own(module: str) -> bool:
    return module == "lambdas" or module.startswith("lambdas.")


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_imports_little_more_than_a_bare_one(
    handler: str, cold_starts: dict[str, set[str]], loaded: Loaded
) -> None:
    bare = loaded(BARE)
    more = {module for module in cold_starts[handler] if not is_own(module)} - bare
    allowed = LIBRARIES_OF_THE_API if handler == "lambdas.api.rest.handler" else LIBRARIES
    offenders = Counter(module.split(".")[0] for module in more).most_common()
    assert len(bare) + len(more) <= allowed * len(bare), f"{len(more)} more than {len(bare)}: {offenders}"


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_needs_few_of_our_own_modules(handler: str, cold_starts: dict[str, set[str]]) -> None:
    own = [module for module in cold_starts[handler] if is_own(module)]
    assert len(own) <= OWN, Counter(".".join(module.split(".")[:3]) for module in own).most_common(10)


_MODELS = """
import sys
from pydantic import BaseModel

def below(model):
    for each in model.__subclasses__():
        yield each
        yield from below(each)

found = [each for each in below(BaseModel) if each.__module__.startswith("lambdas.")]
sys.modules |= {f"model.{each.__module__}.{each.__qualname__}": None for each in found}
sys.modules |= {f"built.{each.__module__}.{each.__qualname__}": None for each in found if each.__pydantic_complete__}
"""
"""Told as names of modules, which is what ``loaded`` answers."""


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_builds_few_models(handler: str, loaded: Loaded) -> None:
    names = loaded(f"import {handler}\n{_MODELS}")
    defined, built = ({name for name in names if name.startswith(kind)} for kind in ("model.", "built."))
    assert len(defined) <= MODELS
    assert len(built) <= BUILT, built


def test_what_nearly_every_step_reads_is_built_before_its_first_invocation(loaded: Loaded) -> None:
    names = loaded(f"import lambdas.build.validate_campaign\n{_MODELS}")
    models = {"campaign.Campaign", "checkpoint.Checkpoint", "workflow.StepEvent"}
    assert {f"built.lambdas.domain.models.{model}" for model in models} <= names


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_cold_start_is_not_searched_for_garbage(handler: str, loaded: Loaded) -> None:
    begun = "import gc, lambdas\nfound = []\ngc.callbacks.append(lambda phase, info: found.append(info))"
    loaded(f"{begun}\nimport {handler}\nassert not found, found")


def test_the_first_invocation_is_searched_for_garbage_as_ever(loaded: Loaded) -> None:
    code = "import gc\nbefore = gc.get_threshold()\nimport lambdas.build.validate_campaign"
    loaded(f"{code}\nassert gc.get_threshold() == before and gc.isenabled() and gc.get_freeze_count() > 10_000")


@pytest.mark.parametrize(
    ("library", "users"),
    [
        ("jwt", {"api.authorizer", "api.rest", "build.request_approval", "ops.sweep_approvals"}),
        ("jinja2", {"api.rest"}),
        ("css_inline", set[str]()),
        ("email_validator", set[str]()),
        ("publicsuffixlist", set[str]()),
        ("aws_lambda_powertools.event_handler", {"api.rest"}),
    ],
)
def test_a_library_is_imported_by_those_who_use_it(
    library: str, users: set[str], cold_starts: dict[str, set[str]]
) -> None:
    """At most by them: they may still put it off until it is needed."""
    importers = {
        name.removeprefix("lambdas.").removesuffix(".handler") for name, got in cold_starts.items() if library in got
    }
    assert importers <= users


def test_the_layer_has_what_any_module_imports(loaded: Loaded) -> None:
    """Development has more installed than Lambda: here is only the layer."""
    modules = [source.name for source in sources("lambdas")]
    assert set(modules) <= loaded("\n".join(f"import {name}" for name in modules))


def test_importing_everything_makes_no_client(loaded: Loaded) -> None:
    code = "\n".join(f"import {source.name}" for source in sources("lambdas"))
    loaded(f"{code}\nimport boto3\nassert boto3.DEFAULT_SESSION is None")


def test_the_layer_stays_as_it_was_built(cold_starts: dict[str, set[str]]) -> None:
    assert cold_starts
    assert not list(Path(build_layer("local")).rglob("__pycache__"))


def test_the_authorizer_loads_no_model_of_a_campaign(cold_starts: dict[str, set[str]]) -> None:
    """It stands before every call, and a token is all it reads."""
    own = {name for name in cold_starts["lambdas.api.authorizer"] if name.startswith("lambdas.domain.models.")}
    assert own <= {"lambdas.domain.models.base", "lambdas.domain.models.access"}


def test_no_pattern_of_a_model_counts_word_characters() -> None:
    """``\\w{1,100}`` of Unicode takes pydantic a tenth of a second to compile, in every model that contains it."""
    counted = [
        (source.name, pattern)
        for source in sources("lambdas")
        for pattern in re.findall(r'pattern=r"([^"]*)"', source.path.read_text())
        if re.search(r"\\w[^\]]*\]?\{", pattern)
    ]
    assert not counted, "limit the length by max_length instead"
