"""RequestApproval: asks each reviewer once, by a personal signed link.

If another task takes over (a retry, a missed heartbeat, another execution), it continues with the same request while
round and content are the same: answers, links and deadlines are kept, and only the task token is replaced.
"""

from datetime import timedelta
from typing import Any

from lambdas.adapters.telemetry import logger
from lambdas.bootstrap import ports_for, step
from lambdas.domain.approval import asked_again, time_to_answer, with_refused_mailed_again
from lambdas.domain.content_hash import content_hash
from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, GoneError, MailRefusedError
from lambdas.domain.ids import CallbackId, TaskToken, callback_id_for
from lambdas.domain.models.approval import Approval, ApprovalStatus, CampaignSummary, ClosedBecause, MailState, Reviewer
from lambdas.domain.models.campaign import ApprovalPolicy, Campaign, CampaignStatus, Failure, Quorum
from lambdas.domain.models.checkpoint import REQUEST_APPROVAL
from lambdas.domain.models.workflow import Decision, RequestApprovalEvent, StatusResult
from lambdas.ports.bundle import Ports
from lambdas.ports.engine import Engine, require_newest
from lambdas.ports.paging import every
from lambdas.services.alerts import advised, alert_of
from lambdas.services.inviting import SENT, bring_links
from lambdas.services.lifecycle import advance
from lambdas.services.open_requests import hand_over, seal_token, token_hash
from lambdas.settings import AlertSettings, InviteSettings, SealSettings, TableSettings

UNTENDED = timedelta(hours=23)
"""Time without a heartbeat after which an alert is sent; just below the task's own limit. The sweep, which sends
heartbeats, must be dead then."""
FIRST_LOOK = timedelta(minutes=1)
"""When the sweep first handles a new request; by then this step has sent the mails it could."""
TRIES = 5
"""Attempts to store the request while others change it."""
ASKABLE = (CampaignStatus.GENERATING, CampaignStatus.AWAITING_APPROVAL)


def request_approval(event: RequestApprovalEvent, ports: Ports) -> StatusResult:
    """``generating → awaiting_approval``, one stored request, one mail for each reviewer.

    The request is stored before any link is sent. A repeat with the same token asks nobody. Another task finds the
    request for the same round and content and continues with it: if there is a decision it gets it, otherwise the
    request waits for this task from now on. A request about other content is closed.

    Raises ``ConflictError`` for a campaign that is not to be approved (decided already, stopped, …), and if a newer
    execution has taken over.
    """
    for _ in range(TRIES):
        campaign = ports.campaigns.get_configured(event.key)
        if campaign.status not in ASKABLE or event.revision != campaign.revision:
            raise ConflictError("the campaign is not to be approved", details={"status": campaign.status.value})
        asked = ports.approvals.all(event.key)
        newest = [campaign.execution_arn, *(earlier.execution_id for earlier in asked)]
        require_newest(event.attempt.execution_arn, newest)
        waiting = campaign.status is CampaignStatus.AWAITING_APPROVAL
        if waiting and any(is_same_question(earlier, event) for earlier in asked):
            return StatusResult(status=campaign.status)
        if not _is_waiting(event, ports.engine):
            # A late delivery of an attempt that is over: a later attempt has asked, or will.
            return StatusResult(status=campaign.status)
        try:
            return _ask(event, campaign, asked, ports)
        except ConcurrentUpdateError:
            continue  # a reviewer has answered, or another attempt has asked
    raise ConcurrentUpdateError("the request for approval is changing; try again")


def _is_waiting(event: RequestApprovalEvent, engine: Engine) -> bool:
    """Whether Step Functions still waits for this attempt's token. That tells which of several attempts is the current
    one."""
    try:
        engine.heartbeat(event.task_token)
    except GoneError:
        return False
    return True


def _ask(event: RequestApprovalEvent, campaign: Campaign, asked: list[Approval], ports: Ports) -> StatusResult:
    shown = _content_hash(campaign, ports)
    earlier = next((a for a in reversed(asked) if _is_about(a, campaign, shown)), None)
    for other in asked:
        if earlier is None or other.callback_id != earlier.callback_id:
            ports.approvals.close(event.key, other.callback_id, ClosedBecause.SUPERSEDED)
    if earlier and earlier.decision:
        moved = _move(event, ports)
        # There is a decision, and the execution that waited for it is gone: this one gets it.
        hand_over(earlier, event.task_token, ports.engine)
        ports.approvals.mark_resumed(event.key, earlier.callback_id, ports.clock.now())
        return StatusResult(status=moved)
    approval = _renewed(earlier, event, campaign, ports) if earlier else _new(event, campaign, shown, len(asked), ports)
    moved = _move(event, ports)
    try:
        mailed, _ = bring_links(approval, campaign, ports)
    except ConflictError:
        return StatusResult(status=moved)  # somebody has decided already
    _require_reachable(approval, mailed)
    return StatusResult(status=moved)


def _move(event: RequestApprovalEvent, ports: Ports) -> CampaignStatus:
    return advance(
        ports.campaigns,
        event.key,
        CampaignStatus.AWAITING_APPROVAL,
        came_from=[CampaignStatus.GENERATING],
        at=ports.clock.now(),
    )


def _require_reachable(before: Approval, mailed: Approval) -> None:
    """An address that accepts no mail is only noted. If there is no other, and no Slack message was sent, nobody can
    decide.

    Only the mails of this run count; the sweep reports earlier ones to the person who runs the campaign.
    """
    earlier = {reviewer.nonce_hash for reviewer in before.reviewers}
    refused = [r for r in mailed.staged() if r.mail is MailState.REFUSED and r.nonce_hash not in earlier]
    lost = [r for r in refused if not (r.slack or "").startswith(SENT)]
    if lost and len(lost) == len(mailed.staged()):
        raise MailRefusedError(f"none of the reviewers can be mailed: {lost[0].unreachable}")


def is_same_question(earlier: Approval, event: RequestApprovalEvent) -> bool:
    return earlier.token_hash == token_hash(event.task_token)


def _is_about(earlier: Approval, campaign: Campaign, shown: str) -> bool:
    """Whether the request is about the same round and the same content, so that it can be continued.

    While a post is being edited the request has no hash; the edit belongs to this request. If a revision has begun, it
    has removed the texts that were sent back; the decision that asked for it is still valid.
    """
    if earlier.round != campaign.revision + 1:
        return False
    if earlier.closed_because not in (None, ClosedBecause.ENDED):
        return False
    waiting = campaign.status is CampaignStatus.AWAITING_APPROVAL
    if waiting and earlier.decision and earlier.decision.decision is Decision.NEEDS_REVISION:
        return True
    return earlier.content_hash in ("", shown)


def _renewed(earlier: Approval, event: RequestApprovalEvent, campaign: Campaign, ports: Ports) -> Approval:
    """The same request, with the token of the task that waits now. Raises ``ConcurrentUpdateError``.

    The request of a lost execution is continued as it is: its campaign was waiting for approval all the time. If a
    person retries a campaign, which resets its status, a request that had ended gets its full time again.
    """
    now = ports.clock.now()
    ended = earlier.status is ApprovalStatus.CLOSED or now >= earlier.expires_at
    if ended and campaign.status is CampaignStatus.GENERATING:
        asked = asked_again(earlier, campaign.brief.approval, now)
    else:
        asked = with_refused_mailed_again(earlier)
    changes: dict[str, object] = {
        "status": ApprovalStatus.PENDING,
        "closed_because": None,
        "execution_id": event.attempt.execution_arn,
        "task_token": seal_token(event.task_token, event.key, earlier.callback_id, ports.cipher),
        "token_hash": token_hash(event.task_token),
        "heartbeat_at": now,
        "layout": 1,
    }
    renewed = ports.approvals.amend(asked.model_copy(update=changes), due_at=now + FIRST_LOOK, was=earlier.status)
    silence = now - (earlier.heartbeat_at or now)
    if silence >= UNTENDED and earlier.execution_id == event.attempt.execution_arn:
        _alert(renewed, campaign, silence, ports)
    return renewed


def _alert(approval: Approval, campaign: Campaign, silence: timedelta, ports: Ports) -> None:
    failure = Failure(
        code="APPROVALS_NOT_TENDED",
        message=f"the request {approval.callback_id} had no heartbeat for {silence}; it is asked on with a new task",
        at=ports.clock.now(),
        retryable=True,
        step=REQUEST_APPROVAL,
    )
    ports.alerts.send(alert_of(campaign, advised(failure, campaign)))


def _new(event: RequestApprovalEvent, campaign: Campaign, shown: str, number: int, ports: Ports) -> Approval:
    """A new request. Raises ``ConcurrentUpdateError`` if another attempt has just made it."""
    approval = _new_approval(event, campaign, shown, callback_id_for(campaign.campaign_id, number), ports)
    if not ports.approvals.create(approval):
        raise ConcurrentUpdateError("another attempt has asked")
    return approval


def _new_approval(
    event: RequestApprovalEvent, campaign: Campaign, shown: str, callback_id: CallbackId, ports: Ports
) -> Approval:
    now = ports.clock.now()
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
        reviewers=_reviewers(policy),
        summary=CampaignSummary(
            name=campaign.brief.name,
            total_posts=counts.total,
            completed_posts=counts.completed,
            failed_posts=counts.failed,
            needs_person=campaign.needs_person or None,
            platforms=campaign.brief.platforms,
            personas=tuple(persona.name for persona in configuration.personas) if configuration else (),
        ),
        content_hash=shown,
        created_at=now,
        expires_at=now + time_to_answer(policy),
        round=campaign.revision + 1,
        revisions_left=max(0, policy.max_revisions - campaign.revision),
        quorum=policy.quorum,
        next_quorum=policy.second_stage.quorum if policy.second_stage else Quorum.ONE,
        heartbeat_at=now,
        due_at=now + FIRST_LOOK,
        layout=1,
    )


def _content_hash(campaign: Campaign, ports: Ports) -> str:
    """The hash that AggregateResults computed, unless posts may have been edited since, because reviewers were
    asked."""
    if campaign.status is CampaignStatus.GENERATING and campaign.content_hash:
        return campaign.content_hash
    return content_hash(every(ports.posts, campaign.key))


def _reviewers(policy: ApprovalPolicy) -> tuple[Reviewer, ...]:
    """Reviewers of the second stage are mailed later, when the first has agreed."""
    later = policy.second_stage.reviewers if policy.second_stage else ()
    return (
        *(Reviewer(email=email, nonce_hash="") for email in policy.reviewers),
        *(Reviewer(email=email, nonce_hash="", stage=2) for email in later),
    )


class RequestApprovalSettings(TableSettings, InviteSettings, SealSettings, AlertSettings):
    """It encrypts the task's token and mails the links."""


ask = step("RequestApproval", RequestApprovalEvent, RequestApprovalSettings, request_approval, approvals=True)


def handler(raw: dict[str, Any], context: object) -> dict[str, Any]:
    """Some engines do not fail a waiting task if its Lambda fails. So the task is failed here with the error, which
    then reaches the state's Retry and Catch by its class name."""
    try:
        return ask(raw, context)
    except Exception as error:
        token = raw.get("taskToken")
        if not isinstance(token, str):
            raise
        try:
            ports_for(RequestApprovalSettings).engine.fail(TaskToken(token), type(error).__name__, str(error))
        except GoneError:
            logger().info("nobody waits for this token any more; the error is in the log above")
        raise
