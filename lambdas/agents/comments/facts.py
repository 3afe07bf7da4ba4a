"""What a brief says, sentence by sentence, and which of its sentences a comment means."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from lambdas.agents.comments import vocabulary as v
from lambdas.agents.comments.passages import contains, words_of

_STEM = 5
"""Letters that tell a word from another in its endings: ``updates`` and ``update``, ``Lieferung`` and ``liefern``."""
_PART = 0.6
"""Of a fact's words that a text says when it says the fact in its own words."""


class Facts(NamedTuple):
    """What may be said without inventing anything."""

    sentences: tuple[str, ...]
    """The key messages, then the sentences of the product's description."""
    product: str
    call_to_action: str


def facts_of(product: str, told: Iterable[str], call_to_action: str) -> Facts:
    return Facts(tuple(dict.fromkeys(_sentence(text) for text in told)), product, _sentence(call_to_action))


def facts_in(payload: Mapping[str, Any]) -> Facts:
    """Of the payload that a model is given (``content_generator.model_payload``)."""
    told = [statement["text"] for statement in payload["statements"]]
    return facts_of(payload["product"]["name"], told, payload.get("callToAction") or "")


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
        return facts.sentences[chosen] if 0 <= chosen < len(facts.sentences) else None
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
    return frozenset(word[:_STEM] for word in words)
