"""RequestApproval: ask the reviewers, each through a signed link of their own."""

from datetime import datetime, timedelta
from typing import NamedTuple

from lambdas.core.content_hash import content_hash
from lambdas.core.errors import ConflictError, MailRefusedError
from lambdas.core.executions import require_newest
from lambdas.core.ids import CallbackId, CampaignKey
from lambdas.core.inviting import NOT_CONFIGURED, Channels, send_links, with_deliveries
from lambdas.core.letters import Kind
from lambdas.core.links import nonce_hash
from lambdas.core.mailing import amend_pending
from lambdas.core.models.approval import (
    Approval,
    ApprovalStatus,
    CampaignSummary,
    ClosedBecause,
    Decision,
    Quorum,
    Reviewer,
)
from lambdas.core.models.campaign import ApprovalPolicy, Campaign, CampaignStatus
from lambdas.core.models.workflow import RequestApprovalEvent, StatusResult
from lambdas.core.paging import every
from lambdas.core.ports import (
    ApprovalStore,
    CampaignStore,
    Cipher,
    Clock,
    Engine,
    IdSource,
    PostStore,
)
from lambdas.core.progression import advance
from lambdas.core.resuming import hand_over, seal_token, token_hash

LINK_LIFETIME = timedelta(days=7) - timedelta(hours=1)
"""A link dies before the task that waits for it, so that a late click meets a page and not a dead task."""


class ApprovalPorts(NamedTuple):
    campaigns: CampaignStore
    posts: PostStore
    approvals: ApprovalStore
    channels: Channels
    engine: Engine
    ids: IdSource
    clock: Clock
    cipher: Cipher


def request_approval(event: RequestApprovalEvent, ports: ApprovalPorts, base_url: str) -> StatusResult:
    """``generating → awaiting_approval``, one stored request, one mail for each reviewer.

    The request is stored before anybody can click. A retry of this step comes with a new task token, so it asks
    anew and closes what the last attempt had asked; the same token again is the same question and asks nobody.
    Raises ``ConflictError`` for a campaign that is not to be approved (decided already, stopped, …), and when a newer
    execution has taken over: nobody waits for the answer to what this one would ask.
    """
    campaign = ports.campaigns.get_configured(event.key)
    askable = (CampaignStatus.GENERATING, CampaignStatus.AWAITING_APPROVAL)
    if campaign.status not in askable or event.revision != campaign.revision:
        raise ConflictError("the campaign is not to be approved", details={"status": campaign.status.value})
    asked = ports.approvals.all(event.key)
    require_newest(event.attempt.execution_arn, [campaign.execution_arn, *(earlier.execution_id for earlier in asked)])
    waiting = campaign.status == CampaignStatus.AWAITING_APPROVAL
    if waiting and any(is_same_question(earlier, event) for earlier in asked):
        return StatusResult(status=campaign.status)
    answered = next((a for a in reversed(asked) if waiting and _answers(a, campaign, event, ports)), None)
    if answered:
        # The decision was made, and the execution that waited for it is gone: this one gets it.
        hand_over(answered, event.task_token, ports.engine)
        return StatusResult(status=campaign.status)
    for earlier in asked:
        ports.approvals.close(event.key, earlier.callback_id, ClosedBecause.SUPERSEDED)
    nonces = {email: ports.ids.nonce() for email in campaign.brief.approval.reviewers}
    approval = _new_approval(event, campaign, nonces, ports)
    ports.approvals.create(approval)
    moved = advance(
        ports.campaigns,
        event.key,
        CampaignStatus.AWAITING_APPROVAL,
        came_from=[CampaignStatus.GENERATING],
        at=approval.created_at,
    )
    _mail(campaign, approval, nonces, ports, base_url)
    return StatusResult(status=moved.status)


def _mail(campaign: Campaign, approval: Approval, nonces: dict[str, str], ports: ApprovalPorts, base_url: str) -> None:
    """A link to each. One address that takes no mail is noted; when none does, nobody can decide: an error."""
    sent = send_links(Kind.APPROVAL, campaign, approval, nonces, ports.channels, base_url, approval.created_at)
    reasons = [delivery.refused for delivery in sent.values() if delivery.refused]
    if len(reasons) == len(sent):
        raise MailRefusedError(f"none of the reviewers can be mailed: {reasons[0]}")
    if reasons or any(delivery.slack != NOT_CONFIGURED for delivery in sent.values()):
        try:
            amend_pending(ports.approvals, approval.key, approval.callback_id, lambda now: with_deliveries(now, sent))
        except ConflictError:
            return  # somebody has decided already, so nobody has to be reached any more


def is_same_question(earlier: Approval, event: RequestApprovalEvent) -> bool:
    return earlier.token_hash == token_hash(event.task_token)


def _answers(earlier: Approval, campaign: Campaign, event: RequestApprovalEvent, ports: ApprovalPorts) -> bool:
    """Whether what is to be asked was answered: the same round, of the same content.

    A revision may have begun, which takes away the texts that were sent back: its decision holds all the same.
    """
    made = earlier.decision
    if made is None or earlier.round != campaign.revision + 1 or earlier.closed_because is not None:
        return False
    return made.decision is Decision.NEEDS_REVISION or earlier.content_hash == content_hash(
        every(ports.posts, event.key)
    )


def _new_approval(
    event: RequestApprovalEvent, campaign: Campaign, nonces: dict[str, str], ports: ApprovalPorts
) -> Approval:
    now, callback_id = ports.clock.now(), CallbackId(ports.ids.ulid())
    configuration, policy = campaign.configuration, campaign.brief.approval
    counts = campaign.counts
    return Approval(
        callback_id=callback_id,
        tenant_id=campaign.tenant_id,
        campaign_id=campaign.campaign_id,
        execution_id=event.attempt.execution_arn,
        status=ApprovalStatus.PENDING,
        task_token=seal_token(event.task_token, event.key, callback_id, ports.cipher),
        token_hash=token_hash(event.task_token),
        reviewers=_reviewers(campaign.brief.approval, nonces, now),
        summary=CampaignSummary(
            name=campaign.brief.name,
            total_posts=counts.total,
            completed_posts=counts.completed,
            failed_posts=counts.failed,
            platforms=campaign.brief.platforms,
            personas=tuple(persona.name for persona in configuration.personas) if configuration else (),
        ),
        content_hash=_content_hash(campaign, ports),
        created_at=now,
        expires_at=now + min(timedelta(hours=policy.timeout_hours), LINK_LIFETIME),
        round=campaign.revision + 1,
        revisions_left=max(0, policy.max_revisions - campaign.revision),
        quorum=policy.quorum,
        next_quorum=policy.second_stage.quorum if policy.second_stage else Quorum.ONE,
        heartbeat_at=now,
    )


def _content_hash(campaign: Campaign, ports: ApprovalPorts) -> str:
    """What AggregateResults read, unless reviewers were asked since, who may have edited it."""
    if campaign.status is CampaignStatus.GENERATING and campaign.content_hash:
        return campaign.content_hash
    return content_hash(every(ports.posts, CampaignKey(campaign.tenant_id, campaign.campaign_id)))


def _reviewers(policy: ApprovalPolicy, nonces: dict[str, str], now: datetime) -> tuple[Reviewer, ...]:
    """Those of the first stage are being mailed; those of the second when it is their turn."""
    first = [
        Reviewer(email=email, nonce_hash=nonce_hash(nonce), invited_at=now, slack=NOT_CONFIGURED)
        for email, nonce in nonces.items()
    ]
    later = policy.second_stage.reviewers if policy.second_stage else ()
    return (*first, *(Reviewer(email=email, nonce_hash="", stage=2) for email in later))
