"""What a brief says, sentence by sentence, and which of its sentences a comment means."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from lambdas.agents.cleaning import cleaned
from lambdas.agents.comments import vocabulary as v
from lambdas.agents.comments.passages import contains, words_of
from lambdas.domain.models.campaign import Product

_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\d\.)\s+|\n+")
_STEM = 5
"""Letters that tell a word from another in its endings: ``updates`` and ``update``, ``Lieferung`` and ``liefern``."""
_PART = 0.6
"""Of a fact's words that a text says when it says the fact in its own words."""


class Facts(NamedTuple):
    """The sentences that may be said without inventing anything."""

    messages: tuple[str, ...]
    """The key messages, as sentences."""
    description: tuple[str, ...]
    """The sentences of the product's description."""
    product: str
    call_to_action: str

    @property
    def sentences(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.messages, *self.description)))


def facts_of(product: str, description: str, messages: Sequence[str], call_to_action: str) -> Facts:
    told = (_sentence(part) for part in _SENTENCE_END.split(description))
    return Facts(
        messages=tuple(line for message in messages if (line := _sentence(message))),
        description=tuple(line for line in told if line),
        product=product,
        call_to_action=_sentence(call_to_action),
    )


class Brief(Protocol):
    """What a whole brief and the part of it that a writer is given have in common."""

    @property
    def product(self) -> Product: ...
    @property
    def key_messages(self) -> tuple[str, ...]: ...
    @property
    def call_to_action(self) -> str: ...


def facts_of_brief(brief: Brief) -> Facts:
    """As a model is told them: plain, and without URLs."""
    product = brief.product
    return facts_of(*cleaned((product.name, product.description, brief.key_messages, brief.call_to_action)))


def facts_in(payload: Mapping[str, Any]) -> Facts:
    """Of the payload that a model is given (``content_generator.model_payload``)."""
    product = payload["product"]
    return facts_of(
        product["name"], product.get("description", ""), payload["keyMessages"], payload.get("callToAction", "")
    )


def _sentence(text: str) -> str:
    line = " ".join(text.split())
    return line if not line or line.endswith((".", "!", "?", "…", ":")) else line + "."


def fact_meant(what: str, facts: Facts) -> str | None:
    """The sentence of the brief that ``what`` names ("the deadline", "key message 2", "free updates"), if it has one.

    A number that is asked for must stand in the sentence: what the brief does not say is not said.
    """
    low = what.casefold()
    if v.CALL.search(low):
        return facts.call_to_action or None
    if number := v.KEY_MESSAGE.search(low):
        chosen = int(number[1]) - 1
        return facts.messages[chosen] if 0 <= chosen < len(facts.messages) else None
    numbers = _numbers(what)
    candidates = [fact for fact in facts.sentences if numbers <= _numbers(fact)]
    if best := _most_alike(what, candidates):
        return best
    for named, pattern in ((v.DEADLINE, v.DATE), (v.PRICE, v.AMOUNT)):
        if named.search(low):
            return next((fact for fact in candidates if pattern.search(fact)), None) or (
                next((f for f in candidates if v.FREE.search(f.casefold())), None) if named is v.PRICE else None
            )
    if v.PRODUCT_NAME.search(low):
        return next((fact for fact in candidates if contains(fact, facts.product)), None)
    # "30 %": the figure alone says which sentence is meant.
    return next(iter(candidates), None) if numbers and not _stems(what) else None


def _most_alike(what: str, candidates: Sequence[str]) -> str | None:
    wanted = _stems(what)
    if not wanted:
        return None
    best = max(candidates, key=lambda fact: len(wanted & _stems(fact)), default=None)
    return best if best is not None and len(wanted & _stems(best)) * 2 > len(wanted) else None


def says(text: str, fact: str) -> bool:
    """Whether the text says the fact: in its words, or with all its numbers and most of its words."""
    if contains(text, fact):
        return True
    wanted = _stems(fact)
    return bool(wanted) and _numbers(fact) <= _numbers(text) and len(wanted & _stems(text)) >= _PART * len(wanted)


def _numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", text))


def _stems(text: str) -> frozenset[str]:
    words = (word for word in words_of(text) if len(word) > 3 and word not in v.NOTHING and not word.isdigit())
    return frozenset(_unaccented(word)[:_STEM] for word in words)


def _unaccented(word: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
