"""What a campaign can say: its key messages, then the sentences of the product's description, which are facts."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from lambdas.agents.cleaning import cleaned
from lambdas.domain.compliance.copy_rules import refers_back
from lambdas.domain.compliance.words import phrases_in
from lambdas.domain.message_kinds import TypedMessage, typed
from lambdas.domain.models.brand import KeyMessage, MessageKind

_SENTENCE_END = re.compile(r"(?<=[.!?。！？])(?<!\d\.)\s+|\n+")
_CLOSED = (".", "!", "?", "…", "。", "！", "？", ":")
_LONGEST = 240
"""Characters of a statement; a longer sentence is no headline."""
_SHORT_WORDS = 16
_SHORT_CHARS = 110
_ENDING = (MessageKind.OFFER, MessageKind.INVITATION, MessageKind.DEADLINE)


def statements_of(
    product: tuple[str, str],
    key_messages: Iterable[str | KeyMessage],
    *,
    language: str,
    start: date,
    deadline: date | None = None,
    banned: Sequence[str] = (),
) -> list[TypedMessage]:
    """Each once, none with a banned word, none of the description that needs the sentence before it; never empty.

    ``product`` is its name and description. A statement is a plain sentence with its full stop. What ends with the
    campaign's ``deadline``, unless the brief says when, are its offers, invitations and deadlines.
    """
    name, description = (cleaned(text) for text in product)
    told = [typed(message, start) for message in key_messages]
    told += [typed(KeyMessage(text=fact, kind=MessageKind.FACT), start) for fact in _facts(description, language)]
    found: dict[str, TypedMessage] = {}
    for message in told:
        text = sentence(cleaned(message.text))
        if any(c.isalnum() for c in text) and len(text) <= _LONGEST and without_banned([text], banned):
            until = message.until or (deadline if message.kind in _ENDING else None)
            found.setdefault(short_form(text).casefold(), message.model_copy(update={"text": text, "until": until}))
    return list(found.values()) or [TypedMessage(text=sentence(name), kind=MessageKind.FACT)]


def _facts(description: str, language: str) -> list[str]:
    """ "It" at the start of a sentence of the description is the product, which a frame names; "that" is not."""
    parts = [part.strip() for part in _SENTENCE_END.split(description)]
    return [part for part in parts if 3 <= len(part) <= 300 and (_is_product(part) or not refers_back(part, language))]


def _is_product(part: str) -> bool:
    return part.split()[0].casefold() in ("it", "il", "elle", "es")


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
    """The start of a statement, as it stands in a topic: at most 16 words and 110 characters."""
    words = text.rstrip(".").split()
    short = " ".join(words[:_SHORT_WORDS])
    if len(short) > _SHORT_CHARS:
        short = short[:_SHORT_CHARS].rsplit(" ", 1)[0]
    return short if short == text.rstrip(".") else short.rstrip(",;:-– ") + "…"


def to_payload(statements: Sequence[TypedMessage]) -> list[dict[str, Any]]:
    """``[{number, text, kind, until?}]``, numbered from 1."""
    return [{"number": number, **message.to_wire()} for number, message in enumerate(statements, 1)]
