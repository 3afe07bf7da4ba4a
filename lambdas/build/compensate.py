"""Compensate: undoes what the campaign created outside the table."""

from collections.abc import Mapping

from lambdas.bootstrap import step
from lambdas.domain.errors import RetryableError
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.domain.models.effect import Effect, EffectStatus
from lambdas.domain.models.workflow import StepEvent
from lambdas.ports.engine import is_of
from lambdas.ports.stores import CampaignStore, Clock, EffectStore
from lambdas.services.lifecycle import has_reached
from lambdas.services.saga import Compensation, Undo, undos
from lambdas.settings import BucketSettings, TableSettings


def compensate(
    event: StepEvent, campaigns: CampaignStore, effects: EffectStore, known: Mapping[str, Undo], clock: Clock
) -> Compensation:
    """Undo everything that is not undone yet, newest first, and record the result of each.

    Nothing is undone if this execution may not do so: if the campaign was approved (an earlier execution approved it,
    and only its replacement failed), or if the campaign continues in a later execution, which needs what was created.

    An effect that cannot be undone does not stop the others. After all were tried, raises the first ``RetryableError``,
    since another attempt may undo that effect.
    """
    undone = failed = 0
    passing: RetryableError | None = None
    for effect in reversed(effects.all(event.key)):
        if effect.status is EffectStatus.UNDONE:
            continue
        if not _may_undo(campaigns.get(event.key), event):
            break  # checked each time, because a retry of the campaign may begin between any two
        error = _try(known.get(effect.kind), effect)
        settled = {
            "status": EffectStatus.NOT_UNDONE if error else EffectStatus.UNDONE,
            "settled_at": clock.now(),
            "undo_attempts": effect.undo_attempts + 1,
            "error": f"{type(error).__name__}: {error}"[:1_000] if error else None,
        }
        effects.put(event.key, effect.model_copy(update=settled))
        undone, failed = undone + (error is None), failed + (error is not None)
        passing = passing or (error if isinstance(error, RetryableError) else None)
    if passing:
        raise passing
    return Compensation(undone=undone, not_undone=failed)


def _may_undo(campaign: Campaign, event: StepEvent) -> bool:
    approved = has_reached(campaign.status, CampaignStatus.APPROVED)
    return not approved and is_of(campaign.execution_arn, event.attempt.execution_arn)


def _try(undo: Undo | None, effect: Effect) -> Exception | None:
    if undo is None:
        return LookupError(f"nobody knows how to undo a {effect.kind}")
    try:
        undo(effect)
    except Exception as error:  # noqa: BLE001 - on record with the effect, and raised again if it may pass
        return error
    return None


class CompensateSettings(TableSettings, BucketSettings):
    """The stores that PlanPosts and RevisePosts write to."""


handler = step(
    "Compensate",
    StepEvent,
    CompensateSettings,
    lambda event, ports: compensate(event, ports.campaigns, ports.effects, undos(ports), ports.clock),
)
