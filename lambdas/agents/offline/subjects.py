"""What there is to say: the sentences of a brief, one subject each."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from lambdas.domain.compliance.words import phrases_in

_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_CLOSED = (".", "!", "?", "…", "。", "！", "？", ":")
_LONGEST = 240
_SHORT_WORDS = 16
_SHORT_CHARS = 110


def subjects_of(payload: Mapping[str, Any]) -> list[str]:
    """Key messages first, then the sentences of the product's description; never empty, none with a banned word."""
    product = payload["product"]
    facts = _SENTENCE_END.split(product.get("description", ""))
    usable = without_banned([*payload["keyMessages"], *facts], payload.get("bannedWords", ()))
    seen: dict[str, str] = {}
    for line in usable:
        text = sentence(line)
        if any(c.isalnum() for c in text) and len(text) <= _LONGEST:
            seen.setdefault(short_form(text).casefold(), text)
    return list(seen.values()) or [sentence(product["name"])]


def without_banned(lines: Iterable[str], banned: Sequence[str]) -> list[str]:
    """The lines that say none of the banned words, judged as the brand's rule judges them."""
    words = tuple(banned)
    return [line for line in lines if not words or not _says_any(line, words)]


@lru_cache(maxsize=8_192)
def _says_any(line: str, words: tuple[str, ...]) -> bool:
    return bool(phrases_in([line], words))


def sentence(text: str) -> str:
    """One line that starts with a capital and ends with a full stop where it has no end of its own."""
    line = " ".join(text.split())
    if not line:
        return ""
    line = line[0].upper() + line[1:]
    return line if line.endswith(_CLOSED) else line + "."


def short_form(text: str) -> str:
    """The start of a subject, as it stands in a topic: at most 16 words and 110 characters."""
    words = text.rstrip(".").split()
    short = " ".join(words[:_SHORT_WORDS])
    if len(short) > _SHORT_CHARS:
        short = short[:_SHORT_CHARS].rsplit(" ", 1)[0]
    return short if short == text.rstrip(".") else short.rstrip(",;:-– ") + "…"


def short_audience(text: str) -> str | None:
    """The audience in a few words, or ``None`` where the brief describes it at length."""
    first = re.split(r"[.;:(\n]", text.strip(), maxsplit=1)[0].strip().rstrip(",")
    return first if 3 <= len(first) <= 90 else None
