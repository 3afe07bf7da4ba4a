"""Code and layers are unpacked once, not once per worker.

ministack unpacks the function's code and its layer (25 MB and more) into a fresh directory for every worker
process. Here an archive is unpacked once into a directory named after its content, and a worker's directory gets
links to its top-level entries. Workers then share the compiled ``.pyc`` files too.

Replaces the name ``zipfile`` in ``lambda_runtime``, which uses ``ZipFile(path)`` as a context manager with
``namelist`` and ``extractall(directory)``, and two exceptions.
"""

import hashlib
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from local.emulator.pinned import EmulatorChangedError


class _SharedZipFile(zipfile.ZipFile):
    cache: Path

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        if path is None or members is not None or pwd is not None or self.filename is None:
            raise EmulatorChangedError("lambda_runtime unpacks archives in another way")
        archive = Path(self.filename)
        unpacked = self._unpacked(archive)
        for entry in unpacked.iterdir():
            (Path(path) / entry.name).symlink_to(entry)
        # Nothing reads a worker's own copy of the archive again, and it is as large as the layer.
        archive.unlink()

    def _unpacked(self, archive: Path) -> Path:
        with archive.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        target = self.cache / digest
        if not target.exists():
            scratch = Path(tempfile.mkdtemp(dir=self.cache))
            super().extractall(scratch)
            try:
                os.rename(scratch, target)
            except OSError:  # another worker was first
                shutil.rmtree(scratch)
                if not target.is_dir():
                    raise
        return target


def install(lambda_runtime: Any, cache: Path) -> None:
    """Unpack below ``cache``, which must exist."""
    if lambda_runtime.zipfile is not zipfile:
        raise EmulatorChangedError("lambda_runtime.zipfile is not the standard library's")
    shared = type("SharedZipFile", (_SharedZipFile,), {"cache": cache})
    # LargeFileError is the name ministack uses; the standard library's is LargeZipFile.
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=shared, BadZipFile=zipfile.BadZipFile, LargeFileError=zipfile.LargeZipFile
    )
