"""The version of ministack the corrections in this package were written for."""

from importlib.metadata import version

MINISTACK_VERSION = "1.5.33"


class EmulatorChangedError(RuntimeError):
    """ministack is not what a correction expects. Check each one against the new source before raising the pin."""


def require_pinned_version() -> None:
    installed = version("ministack")
    if installed != MINISTACK_VERSION:
        raise EmulatorChangedError(f"ministack {installed} is installed, the local stack needs {MINISTACK_VERSION}")


def replace_once(text: str, old: str, new: str) -> str:
    """``text`` with its only occurrence of ``old`` replaced; raises when there is not exactly one."""
    found = text.count(old)
    if found != 1:
        raise EmulatorChangedError(f"expected one occurrence of {old.strip().splitlines()[0]!r}, found {found}")
    return text.replace(old, new)
