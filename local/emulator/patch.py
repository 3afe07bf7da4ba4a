"""How ministack is corrected: each correction says what it replaces, and is refused where that has changed.

A correction is a function that gets the original and the running emulator and answers the replacement::

    @patch("services.s3", "_get_object", "64ad7071", aws="docs.aws.amazon.com/…")
    def missing_objects(original, emulator): ...

The hash is that of the original's source in the ministack that the correction was written for. With another ministack
nothing starts, and the error names every correction whose original is not the same: read its new source, mend the
correction, and put the new hash in. Corrections of one name wrap each other in the order in which they are registered.
"""

import hashlib
import importlib
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from types import ModuleType
from typing import Any, TypeVar

from local.emulator.config import EmulatorConfig

MINISTACK_VERSION = "1.5.33"
"""The version that the hashes were taken from. Corrections depend on more of ministack than what they replace."""

ABSENT = "absent"
"""Used as the hash if ministack does not have the name, and the correction adds it."""

Shared = TypeVar("Shared")


class EmulatorChangedError(RuntimeError):
    """ministack differs from the version that the corrections were written for."""


@dataclass(frozen=True)
class Emulator:
    """What corrections work with. ``modules`` replace ministack's own modules in tests."""

    config: EmulatorConfig
    modules: Mapping[str, Any] = field(default_factory=dict)
    pages: dict[str, Callable[[], Any]] = field(default_factory=dict)
    """JSON pages below ``/_local/`` that corrections add, by name."""
    _shared: dict[type, Any] = field(default_factory=dict)

    def module(self, name: str) -> Any:
        """ministack's module of that name, such as ``services.s3``, imported at the first call."""
        return self.modules[name] if name in self.modules else importlib.import_module(f"ministack.{name}")

    def shared(self, kind: type[Shared], make: Callable[[], Shared]) -> Shared:
        """The one object of that kind, for corrections that share it."""
        if kind not in self._shared:
            self._shared[kind] = make()
        found: Shared = self._shared[kind]
        return found


Wrapper = Callable[[Any, Emulator], Any]


@dataclass(frozen=True)
class Patch:
    """One correction of one name."""

    module: str
    name: str
    wrapper: Wrapper
    source_hash: str
    aws: str
    """The page that documents AWS's behaviour; empty if AWS is not concerned (speed, durability)."""

    @property
    def target(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def correction(self) -> str:
        """Its name in ``docs/emulator.md``."""
        return f"{self.wrapper.__module__.rpartition('.')[2]}.{self.wrapper.__name__}"


registered: list[Patch] = []


def patch(module: str, name: str, source_hash: str, *, aws: str = "") -> Callable[[Wrapper], Wrapper]:
    """Register the decorated function as the correction of ``name`` in ministack's ``module``.

    ``name`` is dotted for an attribute of a class or an entry of a dictionary.
    """

    def register(wrapper: Wrapper) -> Wrapper:
        registered.append(Patch(module, name, wrapper, source_hash, aws))
        return wrapper

    return register


def install(emulator: Emulator, patches: Iterable[Patch]) -> None:
    """Apply them all, or raise ``EmulatorChangedError`` before any is applied."""
    patches = list(patches)
    refuse_changed(emulator, patches)
    for each in patches:
        owner, last = _place(emulator, each)
        replacement = each.wrapper(_get(owner, last), emulator)
        if isinstance(owner, dict):
            owner[last] = replacement
        else:
            setattr(owner, last, replacement)


def refuse_changed(emulator: Emulator, patches: Iterable[Patch]) -> None:
    """Raise ``EmulatorChangedError`` if another ministack is installed; the message lists what has to be checked."""
    changed = []
    for each in patches:
        found = fingerprint(_get(*_place(emulator, each)))
        if found != each.source_hash:
            changed.append(f"{each.target} is {found} and not {each.source_hash} ({each.correction})")
    installed = version("ministack")
    if changed or installed != MINISTACK_VERSION:
        raise EmulatorChangedError(
            f"ministack {installed} is installed, and the corrections are for {MINISTACK_VERSION}. "
            + (f"What they replace has changed: {'; '.join(changed)}" if changed else "What they replace is the same.")
        )


def _place(emulator: Emulator, each: Patch) -> tuple[Any, str]:
    """The object that holds the name, and the name's last part."""
    owner: Any = emulator.module(each.module)
    *path, last = each.name.split(".")
    for part in path:
        owner = _get(owner, part)
    return owner, last


def _get(owner: Any, name: str) -> Any:
    return owner.get(name) if isinstance(owner, dict) else getattr(owner, name, None)


def fingerprint(value: Any) -> str:
    """Eight characters of a hash: of a function's or class's source, a text, a dictionary's keys, a module's name.

    Of any other object it is the source of its class.
    """
    if value is None:
        return ABSENT
    if isinstance(value, str):
        source = value
    elif isinstance(value, ModuleType):
        source = value.__name__
    elif isinstance(value, dict):
        source = json.dumps(sorted(map(str, value)))
    else:
        source = inspect.getsource(value if callable(value) else type(value))
    return hashlib.sha256(source.encode()).hexdigest()[:8]


def replace_once(text: str, old: str, new: str) -> str:
    """``text`` with its only occurrence of ``old`` replaced; raises when there is not exactly one."""
    found = text.count(old)
    if found != 1:
        raise EmulatorChangedError(f"expected one occurrence of {old.strip().splitlines()[0]!r}, found {found}")
    return text.replace(old, new)
