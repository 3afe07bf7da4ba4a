"""Keeps the emulator's state over a stop and a kill: saves it in the background, with layers as files.

ministack writes its state only at a clean shutdown. Writing it from a thread beside the running services would copy
dictionaries while they change, and copying them on the event loop would block everything. So the process forks: the
child sees a consistent state of all services, writes it and exits, while the parent goes on.

In the child only the forking thread exists, and locks that others held are never released. ``get_state`` of the
services in use takes none; should one do so, the alarm ends the child and the next save starts again. Files are
replaced as a whole (``persistence.save_state`` renames), so a child that is ended leaves the previous state.
"""

import base64
import copy
import functools
import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local.emulator.patch import Emulator, patch
from local.emulator.speed import COPIES

logger = logging.getLogger("local.autosave")

_CHILD_LIMIT_SECONDS = 60
_BYTES = "_zip_data"
_REFERENCE = "_zip_blob"
_SHARE_OF_TIME = 0.1
"""Saving takes at most this share of the time: with a large state the pauses grow."""


class Autosave:
    """Saves in the background while ``touched`` is called; ``stop`` ends it and waits for a save in progress."""

    def __init__(self, save: Callable[[], None], *, every: float) -> None:
        """``save`` runs in a forked child and writes everything."""
        self._save = save
        self._every = every
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="autosave", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def touched(self) -> None:
        """Something may have changed. Called by every request, because setting the event costs less than finding
        out."""
        if not self._changed.is_set():
            self._changed.set()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause = self._every
        while not self._stopping.wait(pause):
            if not self._changed.is_set():
                continue
            self._changed.clear()
            started = time.monotonic()
            if not self.save_now():
                self._changed.set()
            pause = max(self._every, (time.monotonic() - started) / _SHARE_OF_TIME)

    def save_now(self) -> bool:
        """Fork, let the child save, and return whether it did."""
        child = os.fork()
        if child == 0:
            self._in_child()
        _, status = os.waitpid(child, 0)
        if status != 0:
            logger.warning("a save did not finish (status %s); the state before it stays", status)
        return status == 0

    def _in_child(self) -> None:
        """Save and exit; never returns."""
        code = 1
        try:
            signal.alarm(_CHILD_LIMIT_SECONDS)
            # The sockets belong to the parent: if it is killed now, its port must be free at once.
            os.closerange(3, 65_536)
            self._save()
            code = 0
        finally:
            os._exit(code)


def saver(app: Any, persistence: Any) -> Callable[[], None]:
    """The function that writes ministack's state in a forked child."""

    def save() -> None:
        # Nothing else runs in this process, so the copies that get_state makes are not needed,
        # and the encoder in C (dumps) is several times faster than the streaming one (dump).
        copy.deepcopy = COPIES.deepcopy = _same  # type: ignore[assignment]  # only in the child
        persistence.json = _FastJson
        persistence.save_all(app._build_persistence_save_dict())

    return save


def _same(value: Any, _memo: Any = None) -> Any:
    return value


class _FastJson:
    """``json`` as ``persistence.save_state`` uses it."""

    @staticmethod
    def dump(value: Any, stream: Any, default: Callable[[Any], Any]) -> None:
        stream.write(json.dumps(value, default=default))


@patch("services.lambda_svc", "get_state", "fbae0860")
def layers_as_files(original: Any, emulator: Emulator) -> Any:
    """Layers are kept as files beside the state, which contains the archive's digest instead of its bytes.

    ministack writes each version's archive into ``lambda.json`` as base64: 77 MB for two stacks with the same layer, at
    every save. Function code is kept as files already.
    """
    directory = _layer_directory(emulator)

    @functools.wraps(original)
    def get_state() -> dict[str, Any]:
        state: dict[str, Any] = original()
        layers = type(state["layers"])()
        for key, layer in state["layers"]._data.items():
            layers._data[key] = {**layer, "versions": [_externalised(v, directory) for v in layer["versions"]]}
        return {**state, "layers": layers}

    return get_state


@patch("services.lambda_svc", "load_persisted_state", "140113dd")
def layers_from_files(original: Any, emulator: Emulator) -> Any:
    """Reads what ``layers_as_files`` wrote."""
    directory = _layer_directory(emulator)

    @functools.wraps(original)
    def load_persisted_state(data: dict[str, Any]) -> None:
        for layer in data["layers"]._data.values():
            layer["versions"] = [_internalised(version, directory) for version in layer["versions"]]
        original(data)

    return load_persisted_state


def _layer_directory(emulator: Emulator) -> Path:
    directory = emulator.config.state_dir / "layer-blobs"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def _externalised(version: dict[str, Any], directory: Path) -> dict[str, Any]:
    archive = version.get(_BYTES)
    if not archive:
        return version
    name = base64.b64decode(version["Content"]["CodeSha256"]).hex()
    file = directory / name
    if not file.exists():
        scratch = directory / f"{name}.{os.getpid()}"
        scratch.write_bytes(archive)
        scratch.replace(file)
    return {**version, _BYTES: None, _REFERENCE: name}


def _internalised(version: dict[str, Any], directory: Path) -> dict[str, Any]:
    name = version.get(_REFERENCE)
    if name is None:
        return version
    rest = {key: value for key, value in version.items() if key != _REFERENCE}
    return rest | {_BYTES: (directory / name).read_bytes()}
