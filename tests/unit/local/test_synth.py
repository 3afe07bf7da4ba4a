"""The assembly is made again when, and only when, something it is made from changed."""

import json
from pathlib import Path

import pytest

from local.process import LocalStackError
from local.synth import assembly, fingerprint

APP = """
import json, os, pathlib
context = json.loads(os.environ["CDK_CONTEXT_JSON"])
out = pathlib.Path(os.environ["CDK_OUTDIR"])
(out / "manifest.json").write_text(json.dumps(context))
count = pathlib.Path("count")
count.write_text(count.read_text() + "x" if count.exists() else "x")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "lambdas" / "__pycache__").mkdir(parents=True)
    (root / "lambdas" / "code.py").write_text("value = 1")
    (root / "cdk_app.py").write_text(APP)
    (root / "cdk.json").write_text(json.dumps({"context": {"flag": True}}))
    return root


def test_it_is_synthesised_once_per_content(project: Path, tmp_path: Path) -> None:
    first = assembly(project, tmp_path / "cache")
    assert json.loads((first / "manifest.json").read_text()) == {"flag": True, "target": "local"}
    (project / "lambdas" / "__pycache__" / "code.pyc").write_text("compiled")
    assert assembly(project, tmp_path / "cache") == first
    assert (project / "count").read_text() == "x"
    (project / "lambdas" / "code.py").write_text("value = 2")
    second = assembly(project, tmp_path / "cache")
    assert second != first
    assert (project / "count").read_text() == "xx"


def test_a_renamed_file_is_a_change(project: Path) -> None:
    before = fingerprint(project)
    (project / "lambdas" / "code.py").rename(project / "lambdas" / "other.py")
    assert fingerprint(project) != before


def test_an_app_that_fails_says_why_and_leaves_nothing(project: Path, tmp_path: Path) -> None:
    (project / "cdk_app.py").write_text("raise SystemExit('the reason')")
    with pytest.raises(LocalStackError, match="the reason"):
        assembly(project, tmp_path / "cache")
    assert [path.name for path in (tmp_path / "cache" / "synth").iterdir()] == ["lock"]
