"""Deterministic choices that look random: the same arguments always give the same result."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def derive_seed(*parts: str | int) -> int:
    """A 64-bit number that depends on every part."""
    joined = "\x1f".join(str(part) for part in parts).encode()
    return int.from_bytes(hashlib.blake2b(joined, digest_size=8).digest(), "big")


def pick(options: Sequence[T], *parts: str | int) -> T:
    """One of ``options`` (not empty); the same for the same parts."""
    return options[derive_seed(*parts) % len(options)]


def shuffled(items: Sequence[T], *parts: str | int) -> list[T]:
    """All items, in an order that depends on the parts."""
    seed = derive_seed(*parts)
    return [items[i] for i in sorted(range(len(items)), key=lambda i: derive_seed(seed, i))]
