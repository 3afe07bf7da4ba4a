"""The example of CONTRIBUTING.md, "Adding a state to the workflow", works as it is written there."""

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

_PLACE = re.compile(r"^\d\. `([\w./]+)`:", re.M)
_BLOCK = re.compile(r"^ {3}```(python|diff)\n(.*?)^ {3}```$", re.M | re.S)
MODULE, TEST = "lambdas/build/review_plan.py", "tests/unit/build/test_review_plan.py"
HEADINGS = ("Adding a state to the workflow", "Adding a channel", "Adding a vendor", "Adding a route")


def snippets() -> list[tuple[str, str, str]]:
    """File, kind and text of each block of the example, in order."""
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    section = guide.partition(f"## {HEADINGS[0]}")[2].partition("\n## ")[0]
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
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(lambda name: (ROOT / name).is_file(), names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, root / name)
    build_layer("local")
    (root / ".local" / "cache").mkdir(parents=True)
    (root / ".local" / "cache" / "layers").symlink_to(CACHE / "layers")
    for file, kind, text in snippets():
        apply(root, file, kind, text)
    return root


def run(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=root, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-5_000:] + done.stderr[-5_000:]
    return done.stdout


def test_the_example_is_two_new_files_and_four_places() -> None:
    kinds = {file: kind for file, kind, _ in snippets()}
    assert kinds[MODULE] == kinds[TEST] == "python"
    assert sorted(kinds.values()) == ["diff"] * 4 + ["python"] * 2


def test_the_guide_says_how_to_add_what_projects_add() -> None:
    guide = (ROOT / "CONTRIBUTING.md").read_text()
    assert [heading for heading in HEADINGS if f"\n## {heading}\n" not in guide] == []


def test_it_keeps_the_rules_of_the_house(example: Path) -> None:
    """Names and rights in the workflow that is synthesised with it, the state's own test, and the architecture's."""
    rules = [f"tests/architecture/test_{name}.py" for name in ("dependencies", "layout", "properties")]
    said = run(
        example,
        *("pytest", "-q", "-p", "no:cacheprovider", "-k", "not aws"),
        *("tests/infra/test_names.py", "tests/infra/test_grants.py", TEST, *rules),
    )
    assert " passed" in said


def test_its_code_is_formatted_and_typed(example: Path) -> None:
    run(example, "ruff", "check", "--no-cache", MODULE, TEST)
    run(example, "ruff", "format", "--check", "--no-cache", MODULE, TEST)
    assert "no issues found" in run(example, "mypy", "--cache-dir=/dev/null", MODULE)
