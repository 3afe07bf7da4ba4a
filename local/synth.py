"""The cloud assembly, for this machine or with other options; synthesised again only if its sources changed."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from local.process import ROOT, LocalStackError, exclusive

CACHE = ROOT / ".local" / "cache"
INPUTS = (
    "cdk_app.py",
    "cdk.json",
    "requirements.txt",
    "requirements/lambdas.txt",
    "stacks",
    "statemachine",
    "lambdas",
)
_KEPT = 4
"""Number of assemblies kept; each contains a copy of the code and the layer."""

HERE: Mapping[str, str] = {"target": "local"}
"""The CDK context of this machine's assembly."""


def assembly(
    root: Path = ROOT,
    cache: Path = CACHE,
    context: Mapping[str, str] = HERE,
    environment: Mapping[str, str] | None = None,
) -> Path:
    """The directory with ``manifest.json``; synthesised by ``cdk_app.py`` if it does not exist yet.

    ``context`` are the app's options, ``environment`` that of the synthesis if it differs from this process's.
    """
    directory = cache / "synth" / fingerprint(root, context)
    if (directory / "manifest.json").is_file():
        os.utime(directory)
        return directory
    with exclusive(cache / "synth"):
        if not (directory / "manifest.json").is_file():
            _synthesise(root, directory, context, os.environ if environment is None else environment)
            _forget_old(directory.parent)
    return directory


def fingerprint(root: Path, context: Mapping[str, str] = HERE) -> str:
    """A hash of everything the assembly depends on, and of the interpreter its layer is built for."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {sys.platform} {sorted(context.items())}".encode())
    for path in _files(root):
        digest.update(b"\0" + str(path.relative_to(root)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _files(root: Path) -> Iterator[Path]:
    for name in INPUTS:
        path = root / name
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
        elif path.is_file():
            yield path


def _synthesise(root: Path, directory: Path, options: Mapping[str, str], outer: Mapping[str, str]) -> None:
    scratch = Path(tempfile.mkdtemp(dir=directory.parent, prefix="building-"))
    context = json.loads((root / "cdk.json").read_text())["context"] | dict(options)
    # The virtual environment's bin first: it holds the Node that CDK's Python bindings run on.
    path = os.pathsep.join([str(Path(sys.executable).parent), outer["PATH"]])
    environment = {**outer, "PATH": path, "CDK_OUTDIR": str(scratch), "CDK_CONTEXT_JSON": json.dumps(context)}
    try:
        result = subprocess.run(
            [sys.executable, "cdk_app.py"], cwd=root, env=environment, capture_output=True, text=True, check=False
        )
        if result.returncode != 0:
            raise LocalStackError(f"the CDK app does not synthesise:\n{(result.stderr or result.stdout).strip()}")
        shutil.rmtree(directory, ignore_errors=True)
        scratch.rename(directory)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _forget_old(directory: Path) -> None:
    assemblies = sorted((p for p in directory.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    for old in assemblies[:-_KEPT]:
        shutil.rmtree(old)
