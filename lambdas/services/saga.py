"""The saga: what a campaign created outside the table, and how it is undone if the campaign fails or is stopped.

Anything created outside is recorded as an ``Effect`` first. So after a crash there may be a record of something that
does not exist, but never something without a record. The step ``Compensate`` undoes effects, newest first. A new kind
of effect needs one function, under its kind in ``undos``.
"""

from collections.abc import Callable, Mapping, Sequence

from lambdas.domain.errors import RetryableError
from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.base import Model
from lambdas.domain.models.effect import Effect, EffectStatus
from lambdas.domain.models.post import Batch
from lambdas.domain.models.workflow import ManifestLocation, StepEvent
from lambdas.ports.bundle import Ports
from lambdas.ports.stores import Clock, EffectStore

MANIFEST = "manifest"
RECENT_TEXTS = "recent_texts"


Undo = Callable[[Effect], None]
"""Undoes an effect that may have been undone already or never happened. Raises if it cannot be undone."""


class Compensation(Model):
    """Result of ``Compensate``."""

    undone: int
    not_undone: int
    """The number of effects that need a person."""


def write_manifest(event: StepEvent, batches: Sequence[Batch], ports: Ports, revision: int = 0) -> ManifestLocation:
    """Record the effect, then write a campaign's manifest."""
    place = ports.manifests.locate(event.key, revision)
    _record(event, MANIFEST, f"revision-{revision}" if revision else "batches", place.to_wire(), ports)
    return ports.manifests.write(event.key, batches, revision)


def put_recent_texts(event: StepEvent, texts: Sequence[str], ports: Ports) -> None:
    """Record the effect, then store the texts that the campaign must not repeat."""
    target = {"tenantId": event.key.tenant_id, "campaignId": event.key.campaign_id}
    _record(event, RECENT_TEXTS, "texts", target, ports)
    ports.recent_texts.put(event.key, texts)


def _record(event: StepEvent, kind: str, name: str, target: dict[str, str], ports: Ports) -> None:
    effect = Effect(
        kind=kind,
        name=name,
        target=target,
        step=event.attempt.state_name,
        execution_arn=event.attempt.execution_arn,
        recorded_at=ports.clock.now(),
    )
    ports.effects.put(event.key, effect)


def undo_all(
    key: CampaignKey,
    effects: EffectStore,
    known: Mapping[str, Undo],
    clock: Clock,
    may_undo: Callable[[], bool] = lambda: True,
) -> Compensation:
    """Undo everything that is not undone yet, newest first, and record what became of each.

    ``may_undo`` is asked before each, since a retry may come between any two. One that cannot be undone does not keep
    the others from it. Raises the ``RetryableError`` of the first that may be undone at another attempt, after all
    were tried.
    """
    undone = failed = 0
    passing: RetryableError | None = None
    for effect in reversed(effects.all(key)):
        if effect.status is EffectStatus.UNDONE:
            continue
        if not may_undo():
            break
        error = _try(known.get(effect.kind), effect)
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


def undos(ports: Ports) -> Mapping[str, Undo]:
    """The undo function for each kind of effect."""
    return {
        MANIFEST: lambda effect: ports.manifests.remove(ManifestLocation.from_record(effect.target)),
        RECENT_TEXTS: lambda effect: ports.recent_texts.remove(
            CampaignKey(TenantId(effect.target["tenantId"]), CampaignId(effect.target["campaignId"]))
        ),
    }
