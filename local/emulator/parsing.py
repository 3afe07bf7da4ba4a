"""What is asked again and again in the same words is read once.

ministack takes every PartiQL statement and every expression apart anew, a statement of a batch even twice: that was
half of the emulator's time for a campaign. Reading a text gives the same tokens each time, so they are kept; of
statements, which hold their parameters, only the last one is, for the second reading of the same request.
"""

import functools
import threading
from collections.abc import Sequence
from typing import Any

from local.emulator.pinned import EmulatorChangedError

_TEXTS_KEPT = 1024
"""The project's own statements and expressions are some dozens."""


def install(dynamodb: Any, keywords: Any) -> None:
    for module, name in (
        (keywords, "_tokenize"),
        (dynamodb, "_tokenize"),
        (dynamodb, "_condition_syntax_error"),
        (dynamodb, "_check_redundant_parens"),
        (dynamodb, "_parse_partiql"),
    ):
        if not callable(getattr(module, name, None)):
            raise EmulatorChangedError(f"{module.__name__}.{name} is gone")
    remember = functools.lru_cache(_TEXTS_KEPT)
    keywords._tokenize = remember(_tokens_of(keywords._tokenize))
    dynamodb._tokenize = remember(_tokens_of(dynamodb._tokenize))
    dynamodb._check_redundant_parens = remember(dynamodb._check_redundant_parens)
    dynamodb._condition_syntax_error = remember(dynamodb._condition_syntax_error)
    dynamodb._parse_partiql = _LastParsed(dynamodb._parse_partiql)


def _tokens_of(tokenize: Any) -> Any:
    """Tokens that are shared must not be changed by who gets them."""

    def tokens(text: str) -> tuple[Any, ...]:
        return tuple(tokenize(text))

    return tokens


class _LastParsed:
    """Answers for the very list of parameters that it was given last what it answered then."""

    def __init__(self, parse: Any) -> None:
        self._parse = parse
        self._last = threading.local()

    def __call__(self, statement: str, parameters: Sequence[Any]) -> Any:
        last = self._last
        if getattr(last, "parameters", None) is not parameters or last.statement != statement or not parameters:
            last.parsed = self._parse(statement, parameters)
            last.statement, last.parameters = statement, parameters
        return last.parsed
