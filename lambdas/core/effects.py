"""The saga: what a campaign made outside of the table, and how it is undone when the campaign fails or is stopped.

Whoever makes something outside records it as an ``Effect`` first, so that a death in between leaves a record of
something that may be there and never something without a record. ``compensate`` undoes the effects newest first.
A new kind of effect needs one function, registered under its kind in the handler of the step ``Compensate``.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from lambdas.core.errors import RetryableError
from lambdas.core.ids import CampaignKey
from lambdas.core.models.base import Model, Moment
from lambdas.core.models.post import Batch
from lambdas.core.models.workflow import Attempt, ManifestLocation
from lambdas.core.ports import Clock, ManifestStore

MANIFEST = "manifest"


class EffectStatus(StrEnum):
    MADE = "made"
    """Or about to be."""
    UNDONE = "undone"
    NOT_UNDONE = "not_undone"
    """Undoing failed; ``error`` says why. A person has to look when no attempt is left."""


class Effect(Model):
    """Something made outside (``SK = EFFECT#<kind>#<name>``). Making the same again is the same effect."""

    kind: str
    name: str
    """What tells it from others of its kind."""
    target: dict[str, str]
    """What its undo needs to know."""
    step: str
    execution_arn: str
    recorded_at: Moment
    status: EffectStatus = EffectStatus.MADE
    settled_at: Moment | None = None
    undo_attempts: int = 0
    error: str | None = None


class EffectStore(Protocol):
    def put(self, key: CampaignKey, effect: Effect) -> None:
        """Store it in place of the one of the same kind and name."""
        ...

    def all(self, key: CampaignKey) -> list[Effect]:
        """Oldest first."""
        ...


Undo = Callable[[Effect], None]
"""Undoes an effect that may have been undone already, or never made. Raises what keeps it from doing so."""


class Compensation(Model):
    """Result of ``Compensate``."""

    undone: int
    not_undone: int
    """These need a person."""


def compensate(key: CampaignKey, effects: EffectStore, undos: Mapping[str, Undo], clock: Clock) -> Compensation:
    """Undo everything that is not undone yet, newest first, and record what became of each.

    One that cannot be undone does not keep the others from it. Raises the ``RetryableError`` of the first that may
    be undone at another attempt, after all were tried.
    """
    undone = failed = 0
    passing: RetryableError | None = None
    for effect in reversed(effects.all(key)):
        if effect.status is EffectStatus.UNDONE:
            continue
        error = _try(undos.get(effect.kind), effect)
        settled = {
            "status": EffectStatus.NOT_UNDONE if error else EffectStatus.UNDONE,
            "settled_at": clock.now(),
            "undo_attempts": effect.undo_attempts + 1,
            "error": f"{type(error).__name__}: {error}"[:1_000] if error else None,
        }
        effects.put(key, effect.model_copy(update=settled))
        undone, failed = undone + (error is None), failed + (error is not None)
        passing = passing or (error if isinstance(error, RetryableError) else None)
    if passing:
        raise passing
    return Compensation(undone=undone, not_undone=failed)


def _try(undo: Undo | None, effect: Effect) -> Exception | None:
    if undo is None:
        return LookupError(f"nobody knows how to undo a {effect.kind}")
    try:
        undo(effect)
    except Exception as error:  # noqa: BLE001 - on record with the effect, and raised again if it may pass
        return error
    return None


class RecordedManifests:
    """A manifest store that records each manifest as an effect before it is written."""

    def __init__(self, manifests: ManifestStore, effects: EffectStore, attempt: Attempt, clock: Clock) -> None:
        self._manifests, self._effects, self._attempt, self._clock = manifests, effects, attempt, clock

    def locate(self, key: CampaignKey) -> ManifestLocation:
        return self._manifests.locate(key)

    def write(self, key: CampaignKey, batches: Sequence[Batch]) -> ManifestLocation:
        place = self._manifests.locate(key)
        effect = Effect(
            kind=MANIFEST,
            name="batches",
            target=place.to_wire(),
            step=self._attempt.state_name,
            execution_arn=self._attempt.execution_arn,
            recorded_at=self._clock.now(),
        )
        self._effects.put(key, effect)
        return self._manifests.write(key, batches)


def undo_manifest(remove: Callable[[ManifestLocation], None]) -> Undo:
    return lambda effect: remove(ManifestLocation.from_wire(effect.target))
