"""Compensate: undo what the campaign made outside of the table."""

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
    """Undo everything that is not undone yet, newest first, and record what became of each.

    Nothing where it is not for this execution to undo: of a campaign that was approved, since the step of an earlier
    execution brought it there and what fails is only the one that had taken its place; and of a campaign that goes on
    in a later execution, which needs what was made.

    Raises as ``undo_all``.
    """
    return undo_all(event.key, effects, known, clock, lambda: _may_undo(campaigns.get(event.key), event))


def _may_undo(campaign: Campaign, event: StepEvent) -> bool:
    approved = has_reached(campaign.status, CampaignStatus.APPROVED)
    return not approved and is_of(campaign.execution_arn, event.attempt.execution_arn)


class CompensateSettings(TableSettings, BucketSettings):
    """What PlanPosts and RevisePosts write to."""


handler = step(
    "Compensate",
    StepEvent,
    CompensateSettings,
    lambda event, ports: compensate(event, ports.campaigns, ports.effects, undos(ports), ports.clock),
)
