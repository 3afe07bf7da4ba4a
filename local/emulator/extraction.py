"""Code and layers are unpacked once, not once per worker.

ministack unpacks the function's code and its layer (25 MB and more) into a fresh directory for every worker
process. Here an archive is unpacked once into a directory named after its content, and a worker's directory gets
links to its top-level entries. Workers then share the compiled ``.pyc`` files too.

While a worker is spawned, a layer that is unpacked is answered by its name alone: writing, hashing and listing its
5,000 files took half a second of each cold start.
"""

import functools
import hashlib
import os
import shutil
import tempfile
import zipfile
from contextvars import ContextVar
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any

from local.emulator.patch import Emulator, patch

_UNPACKED = b"unpacked:"

_spawning: ContextVar[bool] = ContextVar("spawning", default=False)


class SharedArchive:
    """``zipfile.ZipFile`` as ``lambda_runtime`` uses it. The file is an archive, or names one that is unpacked."""

    def __init__(self, cache: Path, file: str) -> None:
        self._archive = Path(file)
        with self._archive.open("rb") as stream:
            begins = stream.read(len(_UNPACKED)) == _UNPACKED
            digest = stream.read().decode() if begins else _digest(self._archive)
        self._target = cache / digest

    def __enter__(self) -> "SharedArchive":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def namelist(self) -> list[str]:
        """Its members for the check that none leaves the directory, which is done before the first unpacking."""
        if self._target.exists():
            return []
        with zipfile.ZipFile(self._archive) as opened:
            return opened.namelist()

    def extractall(self, path: str) -> None:
        self._unpack()
        for entry in self._target.iterdir():
            (Path(path) / entry.name).symlink_to(entry)
        # Nothing reads a worker's own copy of the archive again, and it is as large as the layer.
        self._archive.unlink()

    def _unpack(self) -> None:
        if self._target.exists():
            return
        scratch = Path(tempfile.mkdtemp(dir=self._target.parent))
        with zipfile.ZipFile(self._archive) as opened:
            opened.extractall(scratch)
        try:
            os.rename(scratch, self._target)
        except OSError:  # another worker was faster
            shutil.rmtree(scratch)
            if not self._target.is_dir():
                raise


@patch("core.lambda_runtime", "zipfile", "9ce6261d")
def shared_archives(_original: Any, emulator: Emulator) -> Any:
    """``lambda_runtime`` uses ``ZipFile(path)`` with ``namelist`` and ``extractall``, and two exceptions."""
    # LargeFileError is the name ministack uses; the standard library's is LargeZipFile.
    return SimpleNamespace(
        ZipFile=functools.partial(SharedArchive, emulator.config.extracted_dir),
        BadZipFile=zipfile.BadZipFile,
        LargeFileError=zipfile.LargeZipFile,
    )


@patch("services.lambda_svc", "_resolve_layer_zip", "447d3c3e")
def layers_by_name(original: Any, emulator: Emulator) -> Any:
    """A layer that is unpacked is represented by its name, for a worker that is being spawned."""
    cache = emulator.config.extracted_dir
    digests: dict[str, str] = {}

    @functools.wraps(original)
    def resolve_layer_zip(layer: Any) -> bytes | None:
        # A layer's version never changes.
        arn = layer if isinstance(layer, str) else layer.get("Arn", "")
        if _spawning.get() and arn in digests and (cache / digests[arn]).exists():
            return _UNPACKED + digests[arn].encode()
        archive: bytes | None = original(layer)
        if archive:
            digests[arn] = hashlib.sha256(archive).hexdigest()
        return archive

    return resolve_layer_zip


@patch("core.lambda_runtime", "Worker._spawn", "c55febf9")
def spawn_by_name(original: Any, _emulator: Emulator) -> Any:
    """For ``layers_by_name``: notes that a worker is being spawned."""

    @functools.wraps(original)
    def spawn(self: Any) -> Any:
        reset = _spawning.set(True)
        try:
            return original(self)
        finally:
            _spawning.reset(reset)

    return spawn


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
