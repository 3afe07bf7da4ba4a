"""Effects in memory."""

from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.effect import Effect


class MemoryEffects:
    def __init__(self) -> None:
        self._records: dict[CampaignKey, dict[tuple[str, str], Effect]] = {}

    def put(self, key: CampaignKey, effect: Effect) -> None:
        self._records.setdefault(key, {})[effect.kind, effect.name] = Effect.from_record(effect.to_record())

    def all(self, key: CampaignKey) -> list[Effect]:
        return sorted(self._records.get(key, {}).values(), key=lambda effect: effect.recorded_at)
