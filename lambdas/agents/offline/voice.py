"""A persona's manner, read from what it wrote before."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lambdas.domain.limits.measure import graphemes, is_emoji

_SENTENCES = re.compile(r"[^.!?…]+[.!?…]+")
_SHORT_SENTENCE_WORDS = 9


@dataclass(frozen=True)
class Voice:
    casual: bool
    first_person: bool
    terse: bool
    """Writes short sentences: gets fewer of them."""
    exclaims: bool
    asks: bool
    """Likes to end on a question."""
    emoji: tuple[str, ...]
    """Emoji of its own posts, which are the only ones used."""


def voice_of(persona: Mapping[str, Any]) -> Voice:
    """From the wire form of a persona."""
    examples = tuple(persona["examples"])
    joined = " ".join(examples)
    sentences = _SENTENCES.findall(joined) or [joined]
    words = sum(len(s.split()) for s in sentences) / len(sentences)
    return Voice(
        casual=persona.get("formality") == "casual",
        first_person=bool(persona.get("firstPerson", True)),
        terse=words < _SHORT_SENTENCE_WORDS,
        exclaims=sum("!" in example for example in examples) * 3 >= len(examples),
        asks=sum("?" in example for example in examples) * 3 >= len(examples),
        emoji=_emoji(joined),
    )


def _emoji(text: str) -> tuple[str, ...]:
    if text.isascii():
        return ()
    return tuple(dict.fromkeys(g for g in graphemes(text) if is_emoji(g)))
