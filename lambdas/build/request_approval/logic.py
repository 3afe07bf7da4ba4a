"""RequestApproval: ask the reviewers, each through a signed link of their own."""

from datetime import timedelta
from typing import NamedTuple

from lambdas.build.request_approval.mail import approval_mail
from lambdas.core.content_hash import content_hash
from lambdas.core.errors import ConflictError
from lambdas.core.ids import CallbackId
from lambdas.core.links import approval_link, nonce_hash
from lambdas.core.models.approval import Approval, ApprovalStatus, CampaignSummary, Reviewer
from lambdas.core.models.campaign import Campaign, CampaignStatus
from lambdas.core.models.workflow import ApprovalOutcome, RequestApprovalEvent, StatusResult
from lambdas.core.paging import every
from lambdas.core.ports import ApprovalStore, CampaignStore, Clock, Engine, IdSource, Keys, Mailer, PostStore
from lambdas.core.progression import advance

LINK_LIFETIME = timedelta(days=7) - timedelta(hours=1)
"""A link dies before the task that waits for it, so that a late click meets a page and not a dead task."""


class ApprovalPorts(NamedTuple):
    campaigns: CampaignStore
    posts: PostStore
    approvals: ApprovalStore
    keys: Keys
    mailer: Mailer
    engine: Engine
    ids: IdSource
    clock: Clock


def request_approval(event: RequestApprovalEvent, ports: ApprovalPorts, base_url: str) -> StatusResult:
    """``generating → awaiting_approval``, one stored request, one mail for each reviewer.

    The request is stored before anybody can click. A retry of this step comes with a new task token, so it asks
    anew and closes what the last attempt had asked; the same token again is the same question and asks nobody.
    Raises ``ConflictError`` for a campaign that is not to be approved (decided already, stopped, …).
    """
    campaign = ports.campaigns.get(event.key)
    if campaign.status not in (CampaignStatus.GENERATING, CampaignStatus.AWAITING_APPROVAL):
        raise ConflictError("the campaign is not to be approved", details={"status": campaign.status.value})
    asked = ports.approvals.all(event.key)
    waiting = campaign.status == CampaignStatus.AWAITING_APPROVAL
    if waiting and any(earlier.task_token == event.task_token for earlier in asked):
        return StatusResult(status=campaign.status)
    answered = asked[-1].decision if waiting and asked else None
    if answered:
        # The decision was made, and the execution that waited for it is gone: this one gets it.
        outcome = ApprovalOutcome(callback_id=asked[-1].callback_id, decision=answered.decision)
        ports.engine.resume(event.task_token, outcome.to_wire())
        return StatusResult(status=campaign.status)
    for earlier in asked:
        ports.approvals.close(event.key, earlier.callback_id)
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
    for email, nonce in nonces.items():
        link = approval_link(
            base_url,
            ports.keys.approval(),
            event.key,
            approval.callback_id,
            nonce,
            now=approval.created_at,
            expires=approval.expires_at,
        )
        ports.mailer.send(approval_mail(email, campaign, approval, link))
    return StatusResult(status=moved.status)


def _new_approval(
    event: RequestApprovalEvent, campaign: Campaign, nonces: dict[str, str], ports: ApprovalPorts
) -> Approval:
    now = ports.clock.now()
    configuration = campaign.configuration
    counts = campaign.counts
    return Approval(
        callback_id=CallbackId(ports.ids.ulid()),
        tenant_id=campaign.tenant_id,
        campaign_id=campaign.campaign_id,
        execution_id=event.attempt.execution_arn,
        status=ApprovalStatus.PENDING,
        task_token=event.task_token,
        reviewers=tuple(Reviewer(email=email, nonce_hash=nonce_hash(nonce)) for email, nonce in nonces.items()),
        summary=CampaignSummary(
            name=campaign.brief.name,
            total_posts=counts.total,
            completed_posts=counts.completed,
            failed_posts=counts.failed,
            platforms=campaign.brief.platforms,
            personas=tuple(persona.name for persona in configuration.personas) if configuration else (),
        ),
        content_hash=content_hash(every(ports.posts, event.key)),
        created_at=now,
        expires_at=now + LINK_LIFETIME,
    )
