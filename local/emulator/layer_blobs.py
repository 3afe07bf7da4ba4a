"""Layers are kept as files beside the state, and not inside it.

ministack writes each layer version's archive into ``lambda.json`` as base64: 77 MB for two stacks with the same
layer, at every save. Function code it already keeps as files; this does the same for layers. Wraps
``lambda_svc.get_state`` and ``load_persisted_state``; the state holds the archive's digest in the place of its bytes.
"""

import base64
import functools
import os
from pathlib import Path
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_BYTES = "_zip_data"
_REFERENCE = "_zip_blob"


def install(lambda_svc: Any, directory: Path) -> None:
    """Keep the archives in ``directory``."""
    for name in ("get_state", "load_persisted_state", "_layers"):
        if not hasattr(lambda_svc, name):
            raise EmulatorChangedError(f"lambda_svc.{name} is gone")
    directory.mkdir(parents=True, exist_ok=True)
    get_state, load = lambda_svc.get_state, lambda_svc.load_persisted_state

    @functools.wraps(get_state)
    def get_state_with_references() -> dict[str, Any]:
        state: dict[str, Any] = get_state()
        layers = type(state["layers"])()
        for key, layer in state["layers"]._data.items():
            layers._data[key] = {**layer, "versions": [_externalised(v, directory) for v in layer["versions"]]}
        return {**state, "layers": layers}

    @functools.wraps(load)
    def load_with_archives(data: dict[str, Any]) -> None:
        for layer in data["layers"]._data.values():
            layer["versions"] = [_internalised(version, directory) for version in layer["versions"]]
        load(data)

    lambda_svc.get_state = get_state_with_references
    lambda_svc.load_persisted_state = load_with_archives


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
