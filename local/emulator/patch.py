"""How ministack is corrected: each correction says what it replaces, and is refused where that has changed.

A correction is a function that gets the original and the running emulator and answers the replacement::

    @patch("services.s3", "_get_object", "1f0c9a5e", aws="docs.aws.amazon.com/…")
    def missing_objects(original, emulator): ...

The hash is that of the original's source in the ministack that the correction was written for. With another ministack,
``install`` refuses to start and names every correction whose original is not the same: read its new source, mend the
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
from typing import Any

from local.emulator.config import EmulatorConfig

MINISTACK_VERSION = "1.5.33"
"""The version that the hashes were taken from. A correction uses more of ministack than what it replaces."""


class EmulatorChangedError(RuntimeError):
    """ministack is not what the corrections were written for."""


@dataclass(frozen=True)
class Emulator:
    """What corrections work with. ``modules`` stand in the place of ministack's own, which tests use."""

    config: EmulatorConfig
    modules: Mapping[str, Any] = field(default_factory=dict)
    pages: dict[str, Callable[[], Any]] = field(default_factory=dict)
    """JSON pages that corrections add below ``/_local/``."""

    def module(self, name: str) -> Any:
        """ministack's module of that name, such as ``services.s3``. It is imported by the first who asks."""
        return self.modules[name] if name in self.modules else importlib.import_module(f"ministack.{name}")


Wrapper = Callable[[Any, Emulator], Any]


@dataclass(frozen=True)
class Patch:
    """One correction of one name."""

    module: str
    name: str
    wrapper: Wrapper
    source_hash: str
    aws: str
    """The page that says how AWS does it; empty where AWS is not concerned (speed, durability)."""

    @property
    def target(self) -> str:
        return f"{self.module}.{self.name}"

    @property
    def correction(self) -> str:
        """Its name in ``docs/emulator.md``."""
        return f"{self.wrapper.__module__.rpartition('.')[2]}.{self.wrapper.__name__}"


registered: list[Patch] = []


def patch(module: str, name: str, source_hash: str, *, aws: str = "") -> Callable[[Wrapper], Wrapper]:
    """Register the decorated function as the correction of ``name`` (dotted for a class's) in ministack's module."""

    def register(wrapper: Wrapper) -> Wrapper:
        registered.append(Patch(module, name, wrapper, source_hash, aws))
        return wrapper

    return register


def install(emulator: Emulator, patches: Iterable[Patch]) -> None:
    """Apply them all, or raise ``EmulatorChangedError`` before any is applied."""
    patches = list(patches)
    refuse_changed(emulator, patches)
    for each in patches:
        owner, attribute = _owner(emulator, each)
        setattr(owner, attribute, each.wrapper(getattr(owner, attribute), emulator))


def refuse_changed(emulator: Emulator, patches: Iterable[Patch]) -> None:
    changed = []
    for each in patches:
        owner, attribute = _owner(emulator, each)
        found = fingerprint(getattr(owner, attribute)) if hasattr(owner, attribute) else "gone"
        if found != each.source_hash:
            changed.append(f"{each.target} is {found} and not {each.source_hash} ({each.correction})")
    installed = version("ministack")
    if changed or installed != MINISTACK_VERSION:
        raise EmulatorChangedError(
            f"ministack {installed} is installed, and the corrections are for {MINISTACK_VERSION}. "
            + (f"What they replace has changed: {'; '.join(changed)}" if changed else "What they replace is the same.")
        )


def _owner(emulator: Emulator, each: Patch) -> tuple[Any, str]:
    owner: Any = emulator.module(each.module)
    *path, attribute = each.name.split(".")
    for part in path:
        owner = getattr(owner, part, None)
    return owner, attribute


def fingerprint(value: Any) -> str:
    """Eight characters of a hash: of a function's or class's source, a text, a table's keys or a module's name.

    Of any other object it is the source of its class.
    """
    if isinstance(value, str):
        source = value
    elif isinstance(value, ModuleType):
        source = value.__name__
    elif isinstance(value, dict):
        source = json.dumps(sorted(map(str, value)))
    elif callable(value):
        source = inspect.getsource(value)
    else:
        source = inspect.getsource(type(value))
    return hashlib.sha256(source.encode()).hexdigest()[:8]


def replace_once(text: str, old: str, new: str) -> str:
    """``text`` with its only occurrence of ``old`` replaced; raises when there is not exactly one."""
    found = text.count(old)
    if found != 1:
        raise EmulatorChangedError(f"expected one occurrence of {old.strip().splitlines()[0]!r}, found {found}")
    return text.replace(old, new)
