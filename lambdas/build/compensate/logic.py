"""Compensate: undo what the campaign made outside of the table."""

from collections.abc import Mapping

from lambdas.domain.errors import RetryableError
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.domain.models.effect import Effect, EffectStatus
from lambdas.domain.models.workflow import StepEvent
from lambdas.ports.engine import is_of
from lambdas.ports.stores import CampaignStore, Clock, EffectStore
from lambdas.services.lifecycle import has_reached
from lambdas.services.saga import Compensation, Undo


def compensate(
    event: StepEvent, campaigns: CampaignStore, effects: EffectStore, undos: Mapping[str, Undo], clock: Clock
) -> Compensation:
    """Undo everything that is not undone yet, newest first, and record what became of each.

    Nothing where it is not for this execution to undo: of a campaign that was approved, since the step of an earlier
    execution brought it there and what fails is only the one that had taken its place; and of a campaign that goes on
    in a later execution, which needs what was made.

    One that cannot be undone does not keep the others from it. Raises the ``RetryableError`` of the first that may
    be undone at another attempt, after all were tried.
    """
    undone = failed = 0
    passing: RetryableError | None = None
    for effect in reversed(effects.all(event.key)):
        if effect.status is EffectStatus.UNDONE:
            continue
        if not _may_undo(campaigns.get(event.key), event):
            break  # looked at each time, for a retry may come between any two
        error = _try(undos.get(effect.kind), effect)
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
