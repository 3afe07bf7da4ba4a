"""How fast does each Lambda start cold? As a ratio to a bare handler that is measured in turn with it.

A process as Lambda starts it: the dependency layer and our code on the path, byte code compiled. Time is processor
time of the imports, the best of a few alternating runs, so that a busy machine changes little.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from bench.report import Answer, Options
from local.process import ROOT
from stacks.dependency_layer import build_layer

BARE = """
import boto3
from aws_lambda_powertools import Logger
from pydantic import BaseModel

class Event(BaseModel):
    x: int
"""
QUICK, FULL = 3, 15
SHOWN = 3
_LINE = re.compile(r"import time:\s*(\d+) \|\s*(\d+) \|(\s+)(\S+)")
_HANDLER = re.compile(r"^(def handler\(|handler = )", re.M)
_TIMED = "import time\nstarted = time.process_time()\n{code}\nprint(time.process_time() - started)"


class _Place(NamedTuple):
    """The layer, and where byte code goes."""

    layer: Path
    compiled: str


def measure(options: Options) -> Answer:
    layer = build_layer("local") / "python"
    paths = (path.relative_to(ROOT) for path in sorted((ROOT / "lambdas").rglob("*.py")))
    modules = [".".join(path.with_suffix("").parts) for path in paths if _HANDLER.search((ROOT / path).read_text())]
    with tempfile.TemporaryDirectory() as compiled:
        place = _Place(layer, compiled)
        best = _best(place, {"bare": BARE} | {name: f"import {name}" for name in modules}, options.full)
        heaviest = {name: _heaviest(place, name) for name in modules}
    size, layer_size = _bytes(ROOT / "lambdas"), _bytes(layer)
    ratios = {name: best[name] / best["bare"] for name in modules}
    rows = [
        [name.removeprefix("lambdas.").removesuffix(".handler"), f"{ratio:.2f}", ", ".join(heaviest[name][:SHOWN])]
        for name, ratio in sorted(ratios.items(), key=lambda item: -item[1])
    ]
    return Answer(
        "Cold start, relative to a bare handler",
        ("Lambda", "ratio", "heaviest imports (ms)"),
        rows,
        {
            "ratios": ratios,
            "bareSeconds": best["bare"],
            "codeBytes": size,
            "layerBytes": layer_size,
            "imports": heaviest,
        },
        [],
        [
            f"Bare is {best['bare'] * 1000:.0f} ms: boto3, the Powertools logger and a pydantic model of one field.",
            f"All share {size / 2**10:,.0f} KB of code and a layer of {layer_size / 2**20:,.0f} MB, unpacked.",
            "tests/architecture/test_cold_start.py holds the budget by counting modules.",
        ],
    )


def _best(place: _Place, codes: dict[str, str], full: bool) -> dict[str, float]:
    best = dict.fromkeys(codes, float("inf"))
    for _ in range(1 + (FULL if full else QUICK)):  # the first compiles
        for name, code in codes.items():
            best[name] = min(best[name], float(_run(place, _TIMED.format(code=code))[0]))
    return best


def _heaviest(place: _Place, module: str) -> list[str]:
    """Packages by the time their import adds, without what was imported for others before."""
    own: dict[str, int] = {}
    for line in _run(place, f"import {module}", "-X", "importtime")[1].splitlines():
        if found := _LINE.match(line):
            package = found[4].split(".")[0]
            own[package] = own.get(package, 0) + int(found[1])
    ordered = sorted(own.items(), key=lambda item: -item[1])
    return [f"{package} {microseconds / 1000:.0f}" for package, microseconds in ordered[:10]]


def _run(place: _Place, code: str, *flags: str) -> tuple[str, str]:
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join([str(place.layer), str(ROOT)]),
        "PYTHONPYCACHEPREFIX": place.compiled,
    }
    # Without site-packages: what a developer has installed beside the layer is not there in Lambda.
    command = [sys.executable, "-S", *flags, "-c", code]
    done = subprocess.run(command, env=environment, cwd=place.compiled, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def _bytes(directory: Path) -> int:
    return sum(f.stat().st_size for f in directory.rglob("*") if f.is_file() and "__pycache__" not in f.parts)
