"""The Lambda layer with the dependencies, built without Docker from the lock file.

A layer is a directory with a ``python`` folder that Lambda adds to the path. It is built once for each content of the
lock file and target and cached below ``.local/cache/layers``, so that synthesising again is fast.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Literal, NamedTuple

Target = Literal["aws", "local"]

ROOT = Path(__file__).resolve().parent.parent
LOCK_FILE = ROOT / "requirements" / "lambdas.txt"
CACHE = ROOT / ".local" / "cache" / "layers"

AWS_PYTHON = "3.14"
"""Also the Lambda runtime's version: ``stacks.functions.RUNTIME`` is made from it."""

_AWS_GLIBC = 34
"""Amazon Linux 2023, on which the runtime is based, has glibc 2.34; wheels for an older one run as well."""
_AWS_PLATFORMS = (*(f"manylinux_2_{minor}_aarch64" for minor in range(_AWS_GLIBC, 16, -1)), "manylinux2014_aarch64")

_RECIPE = "1"
"""Part of the cache key: increase it when the way a layer is built changes."""


class LayerBuildError(RuntimeError):
    """pip could not install the locked dependencies; the message is pip's."""


class _Wheels(NamedTuple):
    """Which wheels pip chooses: a name for the cache key, and pip's options."""

    name: str
    options: tuple[str, ...]


def build_layer(target: Target) -> Path:
    """The layer's directory for Lambda (``aws``) or for this interpreter (``local``)."""
    wheels = _aws_wheels() if target == "aws" else _Wheels(f"{sys.implementation.cache_tag}-{_platform()}", ())
    key = hashlib.sha256("\0".join((_RECIPE, wheels.name, LOCK_FILE.read_text())).encode()).hexdigest()[:16]
    layer = CACHE / f"{target}-{key}"
    if not layer.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=CACHE, prefix="building-"))
        try:
            _install(scratch / "python", wheels.options)
            _settle(scratch, layer)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return layer


def _aws_wheels() -> _Wheels:
    abi = f"cp{AWS_PYTHON.replace('.', '')}"
    options = ["--python-version", AWS_PYTHON, "--implementation", "cp"]
    for name, values in (("--platform", _AWS_PLATFORMS), ("--abi", (abi, "abi3", "none"))):
        options += [option for value in values for option in (name, value)]
    return _Wheels(" ".join(options), tuple(options))


def _platform() -> str:
    return sysconfig.get_platform()


def _install(directory: Path, options: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", "--target", str(directory), *options]
    result = subprocess.run(  # noqa: S603 - our own interpreter with our own arguments
        [*command, "-r", str(LOCK_FILE)], capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise LayerBuildError(f"the dependency layer could not be built:\n{result.stderr.strip()}")
    # Scripts begin with the path of the interpreter that installed them, and Lambda runs none.
    shutil.rmtree(directory / "bin", ignore_errors=True)
    for compiled in directory.rglob("__pycache__"):
        shutil.rmtree(compiled)


def _settle(scratch: Path, layer: Path) -> None:
    """Rename the finished layer in one step, so that nobody sees an incomplete one."""
    scratch.chmod(0o755)
    try:
        os.rename(scratch, layer)
    except OSError:  # another process has built the same one meanwhile
        if not layer.is_dir():
            raise
