"""Ending a campaign by hand: cancelling it while BUILD has it, and deleting one that has ended (docs/adr/0084).

Both begin with one conditional write of the status. From then on whatever a step, a reviewer's answer or a retry still
wants to do to the campaign is refused by its own condition. The rest is done in the background, by the look that the
due index brings (``ops/mending.py``): it can be repeated at any point, so a death anywhere only delays it.
"""

from datetime import datetime, timedelta

from lambdas.domain.errors import ConflictError, DependencyUnavailableError
from lambdas.domain.ids import CampaignKey
from lambdas.domain.models.active import SOON, active
from lambdas.domain.models.approval import ClosedBecause
from lambdas.domain.models.campaign import Campaign, CampaignStatus
from lambdas.ports.bundle import Ports
from lambdas.services.lifecycle import BUILDING, TERMINAL
from lambdas.services.recovery import current_execution
from lambdas.services.saga import undo_all, undos

CANCELLABLE = (*BUILDING, CampaignStatus.APPROVED)
DELETABLE = tuple(sorted(TERMINAL - {CampaignStatus.DELETING}))
LATE = timedelta(minutes=15)
"""For so long after its end a campaign may still be written to: StopExecution does not end the functions that the
execution has invoked, and a function lives for 15 minutes at most
(docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""
PORTION = 2_000
"""Items that one look removes. At three write units each that is seven seconds at the pace of a partition, so that
campaigns behind it in the index do not wait; a campaign of 10,000 posts takes six looks, one a minute."""


def cancel(key: CampaignKey, by: str, ports: Ports) -> Campaign:
    """Any status of BUILD, or ``approved``, ``→ stopped``: its execution is ended, and open requests are closed.

    A repeat does what an earlier call may have died over. Raises ``NotFoundError``, and ``ConflictError`` for a
    campaign that has ended in another way or is past that.
    """
    campaign = ports.campaigns.get(key)
    if campaign.status is not CampaignStatus.STOPPED:
        if campaign.status not in CANCELLABLE:
            raise _refusal(campaign, "one that is being built, waits for approval or is approved can be cancelled")
        now = ports.clock.now()
        # First to be looked at: whatever breaks from here on, that look finds a stopped campaign and ends it.
        ports.active.look_at(active(key), now + SOON, now)
        campaign = ports.campaigns.update(
            key, expected=CANCELLABLE, status=CampaignStatus.STOPPED, stopped_by=by, at=now
        )
    _end(campaign, ports)
    return campaign


def _refusal(campaign: Campaign, rule: str) -> ConflictError:
    status = campaign.status.value
    return ConflictError(f"the campaign is {status}; {rule}", details={"status": status})


def _end(campaign: Campaign, ports: Ports) -> None:
    """Nobody is asked any more, and the execution goes no further."""
    for approval in ports.approvals.all(campaign.key):
        ports.approvals.close(campaign.key, approval.callback_id, ClosedBecause.CANCELLED)
    ports.engine.stop(current_execution(campaign, ports.engine), "the campaign was cancelled")


def settle_cancelled(campaign: Campaign, ports: Ports) -> datetime | None:
    """Finish what ``cancel`` began, and undo what the campaign made outside of the table. Answers when to do it again:
    a function that was running may still make something (``LATE``). Raises ``RetryableError``."""
    _end(campaign, ports)
    undo_all(campaign.key, ports.effects, undos(ports), ports.clock)
    until = campaign.updated_at + LATE
    return until if ports.clock.now() < until else None


def delete(key: CampaignKey, ports: Ports) -> Campaign:
    """An end of any kind ``→ deleting``; everything of the campaign is removed in the background (``erase``).

    Raises ``NotFoundError``, and ``ConflictError`` for a campaign that has not ended.
    """
    campaign = ports.campaigns.get(key)
    if campaign.status is CampaignStatus.DELETING:
        return campaign
    if campaign.status not in DELETABLE:
        raise _refusal(campaign, f"cancel it first: POST /campaigns/{key.campaign_id}/cancel")
    now = ports.clock.now()
    # Twice: the first entry is for a death between the two writes, after which nobody else would come.
    ports.active.look_at(active(key), now + SOON, now)
    deleting = ports.campaigns.update(
        key,
        expected=[campaign.status],
        status=CampaignStatus.DELETING,
        removed_from=max(now, campaign.updated_at + LATE),
        at=now,
    )
    ports.active.look_at(active(key), now, now)
    return deleting


def erase(campaign: Campaign, ports: Ports) -> datetime | None:
    """Remove a portion of what a campaign left, its record last. Answers when to go on; ``None``: nothing is left.

    Objects in S3 go first, since the effects in the table say where they are. The record stays until nobody can write
    to the campaign any more, so that what comes late is found and removed as well.
    Raises ``RetryableError``, also where an object cannot be removed: what is known of it must not be lost.
    """
    key, now = campaign.key, ports.clock.now()
    kept = undo_all(key, ports.effects, undos(ports), ports.clock).not_undone
    if kept:
        raise DependencyUnavailableError(f"{kept} things that the campaign made outside could not be removed")
    ports.recent_texts.forget(key)
    if not ports.campaigns.erase(key, PORTION):
        return now + timedelta(seconds=1)
    if campaign.removed_from and now < campaign.removed_from:
        return campaign.removed_from
    ports.promises.forget(key, campaign.brief.generation.max_concurrency)
    ports.campaigns.forget(key)
    return None
