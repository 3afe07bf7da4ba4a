"""Recent texts in memory."""

from collections.abc import Sequence

from lambdas.domain.ids import CampaignKey


class MemoryRecentTexts:
    """``texts`` by campaign; ``reads`` counts."""

    def __init__(self) -> None:
        self.texts: dict[CampaignKey, tuple[str, ...]] = {}
        self.reads = 0

    def put(self, key: CampaignKey, texts: Sequence[str]) -> None:
        self.texts[key] = tuple(texts)

    def remove(self, key: CampaignKey) -> None:
        self.texts.pop(key, None)

    def get(self, key: CampaignKey) -> tuple[str, ...]:
        self.reads += 1
        return self.texts.get(key, ())
