"""Compensate: undoes what the campaign created outside the table."""

from collections.abc import Mapping

from lambdas.bootstrap import step
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.domain.models.workflow import StepEvent
from lambdas.ports.engine import is_of
from lambdas.ports.stores import CampaignStore, Clock, EffectStore
from lambdas.services.lifecycle import has_reached
from lambdas.services.saga import Compensation, Undo, undo_all, undos
from lambdas.settings import BucketSettings, TableSettings


def compensate(
    event: StepEvent, campaigns: CampaignStore, effects: EffectStore, known: Mapping[str, Undo], clock: Clock
) -> Compensation:
    """Undo everything that is not undone yet, newest first, and record the result of each.

    Nothing is undone if this execution may not do so: if the campaign was approved (an earlier execution approved it,
    and only its replacement failed), or if the campaign continues in a later execution, which needs what was created.

    Raises as ``undo_all``.
    """
    return undo_all(event.key, effects, known, clock, lambda: _may_undo(campaigns.get(event.key), event))


def _may_undo(campaign: Campaign, event: StepEvent) -> bool:
    approved = has_reached(campaign.status, CampaignStatus.APPROVED)
    return not approved and is_of(campaign.execution_arn, event.attempt.execution_arn)


class CompensateSettings(TableSettings, BucketSettings):
    """The stores that PlanPosts and RevisePosts write to."""


handler = step(
    "Compensate",
    StepEvent,
    CompensateSettings,
    lambda event, ports: compensate(event, ports.campaigns, ports.effects, undos(ports), ports.clock),
)
