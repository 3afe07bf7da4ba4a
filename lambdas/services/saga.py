"""The saga: what a campaign made outside of the table, and how it is undone when the campaign fails or is stopped.

Whoever makes something outside records it as an ``Effect`` first, so that a death in between leaves a record of
something that may be there and never something without a record. The step ``Compensate`` undoes them, newest first.
A new kind of effect needs one function, registered under its kind in the handler of the step ``Compensate``.
"""

from collections.abc import Callable, Sequence

from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.base import Model
from lambdas.domain.models.effect import Effect
from lambdas.domain.models.post import Batch
from lambdas.domain.models.workflow import Attempt, ManifestLocation
from lambdas.ports.stores import Clock, EffectStore, ManifestStore, RecentTexts

MANIFEST = "manifest"
RECENT_TEXTS = "recent_texts"


Undo = Callable[[Effect], None]
"""Undoes an effect that may have been undone already, or never made. Raises what keeps it from doing so."""


class Compensation(Model):
    """Result of ``Compensate``."""

    undone: int
    not_undone: int
    """These need a person."""


class RecordedManifests:
    """A manifest store that records each manifest as an effect before it is written."""

    def __init__(self, manifests: ManifestStore, effects: EffectStore, attempt: Attempt, clock: Clock) -> None:
        self._manifests, self._effects, self._attempt, self._clock = manifests, effects, attempt, clock

    def locate(self, key: CampaignKey, revision: int = 0) -> ManifestLocation:
        return self._manifests.locate(key, revision)

    def write(self, key: CampaignKey, batches: Sequence[Batch], revision: int = 0) -> ManifestLocation:
        place = self._manifests.locate(key, revision)
        effect = Effect(
            kind=MANIFEST,
            name=f"revision-{revision}" if revision else "batches",
            target=place.to_wire(),
            step=self._attempt.state_name,
            execution_arn=self._attempt.execution_arn,
            recorded_at=self._clock.now(),
        )
        self._effects.put(key, effect)
        return self._manifests.write(key, batches, revision)


class RecordedRecentTexts:
    """Recent texts that are recorded as an effect before they are put aside."""

    def __init__(self, recent: RecentTexts, effects: EffectStore, attempt: Attempt, clock: Clock) -> None:
        self._recent, self._effects, self._attempt, self._clock = recent, effects, attempt, clock

    def put(self, key: CampaignKey, texts: Sequence[str]) -> None:
        effect = Effect(
            kind=RECENT_TEXTS,
            name="texts",
            target={"tenantId": key.tenant_id, "campaignId": key.campaign_id},
            step=self._attempt.state_name,
            execution_arn=self._attempt.execution_arn,
            recorded_at=self._clock.now(),
        )
        self._effects.put(key, effect)
        self._recent.put(key, texts)

    def get(self, key: CampaignKey) -> tuple[str, ...]:
        return self._recent.get(key)


def undo_recent_texts(remove: Callable[[CampaignKey], None]) -> Undo:
    return lambda effect: remove(
        CampaignKey(TenantId(effect.target["tenantId"]), CampaignId(effect.target["campaignId"]))
    )


def undo_manifest(remove: Callable[[ManifestLocation], None]) -> Undo:
    return lambda effect: remove(ManifestLocation.from_record(effect.target))
