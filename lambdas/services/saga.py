"""The saga: what a campaign made outside of the table, and how it is undone when the campaign fails or is stopped.

Whoever makes something outside records it as an ``Effect`` first, so that a death in between leaves a record of
something that may be there and never something without a record. The step ``Compensate`` undoes them, newest first.
A new kind of effect needs one function, under its kind in ``undos``.
"""

from collections.abc import Callable, Mapping, Sequence

from lambdas.domain.ids import CampaignId, CampaignKey, TenantId
from lambdas.domain.models.base import Model
from lambdas.domain.models.effect import Effect
from lambdas.domain.models.post import Batch
from lambdas.domain.models.workflow import ManifestLocation, StepEvent
from lambdas.ports.bundle import Ports

MANIFEST = "manifest"
RECENT_TEXTS = "recent_texts"


Undo = Callable[[Effect], None]
"""Undoes an effect that may have been undone already, or never made. Raises what keeps it from doing so."""


class Compensation(Model):
    """Result of ``Compensate``."""

    undone: int
    not_undone: int
    """These need a person."""


def write_manifest(event: StepEvent, batches: Sequence[Batch], ports: Ports, revision: int = 0) -> ManifestLocation:
    """Write a campaign's manifest, on record first."""
    place = ports.manifests.locate(event.key, revision)
    _record(event, MANIFEST, f"revision-{revision}" if revision else "batches", place.to_wire(), ports)
    return ports.manifests.write(event.key, batches, revision)


def put_recent_texts(event: StepEvent, texts: Sequence[str], ports: Ports) -> None:
    """Put aside what the campaign must not repeat, on record first."""
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


def undos(ports: Ports) -> Mapping[str, Undo]:
    """How each kind of effect is undone."""
    return {
        MANIFEST: lambda effect: ports.manifests.remove(ManifestLocation.from_record(effect.target)),
        RECENT_TEXTS: lambda effect: ports.recent_texts.remove(
            CampaignKey(TenantId(effect.target["tenantId"]), CampaignId(effect.target["campaignId"]))
        ),
    }
