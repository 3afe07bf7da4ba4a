"""Sealing in memory: nothing is hidden from a test, and a context opens only what it sealed."""

import json
from collections.abc import Mapping

from lambdas.domain.errors import PermanentError

_SEALED = "sealed:"


class MemoryCipher:
    """``sealing=False`` leaves texts as they are, for tests that look at them."""

    def __init__(self, *, sealing: bool = True) -> None:
        self._sealing = sealing

    def seal(self, text: str, context: Mapping[str, str]) -> str:
        return _SEALED + json.dumps([text[::-1], dict(context)], sort_keys=True) if self._sealing else text

    def open(self, sealed: str, context: Mapping[str, str]) -> str:
        if not sealed.startswith(_SEALED):
            return sealed
        text, own = json.loads(sealed.removeprefix(_SEALED))
        if own != dict(context):
            raise PermanentError("what was sealed belongs somewhere else")
        return str(text)[::-1]
