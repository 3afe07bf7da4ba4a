"""Recent texts that a worker reads once for each campaign."""

from collections.abc import Sequence
from functools import lru_cache

from lambdas.domain.ids import CampaignKey
from lambdas.ports.stores import RecentTexts

_CAMPAIGNS = 8
"""A worker serves a few campaigns at a time; their texts take up to a megabyte each."""


class RememberedTexts:
    """Over another store. For readers only: once posts are being written, a campaign's texts no longer change."""

    def __init__(self, texts: RecentTexts) -> None:
        self._texts = texts
        self._get = lru_cache(maxsize=_CAMPAIGNS)(texts.get)

    def put(self, key: CampaignKey, texts: Sequence[str]) -> None:
        self._texts.put(key, texts)
        self._get.cache_clear()

    def get(self, key: CampaignKey) -> tuple[str, ...]:
        return self._get(key)
