"""The example of CONTRIBUTING.md, "Adding a step to the workflow", works as it is written there."""

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from local.process import ROOT
from local.synth import CACHE
from stacks.dependency_layer import build_layer

COPIED = ("lambdas", "local", "stacks", "statemachine", "tests", "requirements")
FILES = ("cdk_app.py", "cdk.json", "pyproject.toml", "requirements.txt")
_PLACE = re.compile(r"^\d\. `([\w./]+)`:", re.M)
_BLOCK = re.compile(r"^ {3}```(python|diff)\n(.*?)^ {3}```$", re.M | re.S)

USE = """
from datetime import timedelta
from unittest.mock import patch

from lambdas.build.review_plan import handler
from lambdas.domain.errors import InvalidPlanError
from tests.support import samples
from tests.support.events import planned, raw_event
from tests.support.world import World

world = World()
planned(world)
review, event = handler.over(world), raw_event(world, "ReviewPlan")
try:
    review(event, None)
except InvalidPlanError:
    page = world.posts.page(samples.KEY, 10)  # the samples' plan is of one day
    later = [post.model_copy(update={"scheduled_at": post.scheduled_at + timedelta(post.index)}) for post in page.items]
    with patch.object(world.posts, "page", lambda *_: page._replace(items=later)):
        assert review(event | {"attempt": event["attempt"] | {"retryCount": 1}}, None) == {"status": "generating"}
    print([(c.step_name, c.outcome.value) for c in world.checkpoints.all(samples.KEY)])
"""


def snippets() -> list[tuple[str, str, str]]:
    """File, kind and text of each block of the example, in order."""
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    section = guide.partition("## Adding a step to the workflow")[2].partition("\n## ")[0]
    places = [*_PLACE.finditer(section)]
    ends = [place.start() for place in places[1:]] + [len(section)]
    return [
        (place[1], kind, textwrap.dedent(text))
        for place, end in zip(places, ends, strict=True)
        for kind, text in _BLOCK.findall(section, place.end(), end)
    ]


def apply(root: Path, file: str, kind: str, text: str) -> None:
    if kind == "python":
        (root / file).write_text(text)
        return
    lines = text.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] != "+")
    after = "".join(line[1:] for line in lines if line[0] != "-")
    source = (root / file).read_text()
    assert source.count(before) == 1, f"{file} has not, or more than once:\n{before}"
    (root / file).write_text(source.replace(before, after))


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which somebody has done what CONTRIBUTING.md says."""
    root = tmp_path_factory.mktemp("project")
    for folder in COPIED:
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    for file in FILES:
        shutil.copy(ROOT / file, root / file)
    build_layer("local")
    (root / ".local" / "cache").mkdir(parents=True)
    (root / ".local" / "cache" / "layers").symlink_to(CACHE / "layers")
    for file, kind, text in snippets():
        apply(root, file, kind, text)
    return root


def run(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=root, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-5_000:]
    return done.stdout


def test_the_example_is_one_new_file_and_four_places() -> None:
    kinds = {file: kind for file, kind, _ in snippets()}
    assert list(kinds.values()) == ["python", "diff", "diff", "diff", "diff"]


def test_the_step_runs_in_its_frame(example: Path) -> None:
    assert "[('ReviewPlan', 'failed'), ('ReviewPlan', 'succeeded')]" in run(example, "-c", USE)


def test_the_workflow_with_it_synthesises_and_keeps_the_rules(example: Path) -> None:
    """Names, rights, and the order of steps."""
    rules = ("tests/infra/test_names.py", "tests/infra/test_grants.py")
    said = run(example, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "not aws", *rules)
    assert " passed" in said
