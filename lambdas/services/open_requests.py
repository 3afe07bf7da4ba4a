"""An open request for approval: changing it while others do, and passing its decision to the waiting task.

What managers can do (remind, take links back, ask somebody else) only changes the request's record:
``ops/sweep_approvals`` sends the mails within a minute. The task token is stored encrypted, bound to its request, and
is decrypted only here.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from lambdas.domain.errors import (
    ConcurrentUpdateError,
    ConflictError,
    FieldError,
    GoneError,
    InvalidInputError,
    NotFoundError,
)
from lambdas.domain.ids import CallbackId, CampaignKey, TaskToken
from lambdas.domain.models.approval import Approval, ApprovalStatus, MadeDecision, MailState, Reviewer
from lambdas.domain.models.base import Email, Model
from lambdas.domain.models.campaign import CampaignStatus
from lambdas.domain.models.workflow import ApprovalOutcome, Decision
from lambdas.ports.engine import Engine
from lambdas.ports.services import Cipher
from lambdas.ports.stores import ApprovalStore, CampaignStore

TRIES = 20
"""Concurrent writers are at most the reviewers of a stage."""
REVOKED_KEPT = 500
"""Number of hashes of revoked links that are kept: 33 KB of a record that may have 400 KB."""


def amend_pending(
    approvals: ApprovalStore,
    key: CampaignKey,
    callback_id: CallbackId,
    change: Callable[[Approval], Approval],
    *,
    known: Approval | None = None,
    due_at: datetime | None = None,
) -> Approval:
    """Apply ``change`` to a pending request, and repeat it whenever somebody else was faster.

    ``known`` is the request as the caller has just read it, which saves reading it; ``due_at`` is when the sweep is to
    handle the result of the change. Raises ``NotFoundError``, ``ConflictError`` for a request that is decided or
    closed, and whatever ``change`` raises.
    """
    for _ in range(TRIES):
        approval, known = known or approvals.get(key, callback_id), None
        if approval.status is not ApprovalStatus.PENDING:
            raise ConflictError("this request is over", details={"status": approval.status.value})
        changed = change(approval)
        if changed == approval:
            return approval
        try:
            return approvals.amend(changed, due_at=due_at)
        except ConcurrentUpdateError:
            continue
    raise ConcurrentUpdateError("the request is changing; try again")


class ReviewerChoice(Model):
    """Body of ``reminders`` and ``revoke``; without a reviewer it applies to all who have not answered."""

    reviewer: Email | None = None


class Reassignment(Model):
    """Body of ``reassign``: ``to`` is asked instead of ``from``."""

    from_: Annotated[Email, Field(alias="from")]
    to: Email


class Place(NamedTuple):
    key: CampaignKey
    callback_id: CallbackId


def remind(place: Place, email: str | None, approvals: ApprovalStore, now: datetime) -> Approval:
    """Mail new links; links that were mailed before stay valid. Raises like ``amend_pending``.

    Reviewers who got an earlier mail get a reminder, others an invitation. Without an address, reviewers whose links
    were taken back are skipped, unless that is everybody who has not answered.
    """

    def reminded(approval: Approval) -> Approval:
        chosen = _chosen(approval, email)
        if email is None:
            chosen = [r for r in chosen if not r.revoked] or chosen
        return _with(approval, {r.email: r.model_copy(update=_to_be_mailed(r, approval)) for r in chosen})

    return _amended(place, reminded, approvals, now)


def _to_be_mailed(reviewer: Reviewer, approval: Approval) -> dict[str, Any]:
    lost = reviewer.invited_at is None or reviewer.unreachable or reviewer.mail is MailState.REFUSED
    owed: dict[str, Any] = {"owed": "approval" if lost else "reminder"}
    if not approval.layout:  # in case an older execution writes the record, and ``owed`` is lost
        owed = {"owed": None, "invited_at": None}
    return {"mail_after": None, "mail_tries": 0, "revoked": False, **owed}


def revoke(place: Place, email: str | None, approvals: ApprovalStore, now: datetime) -> Approval:
    """Take back all links of the chosen reviewers. They get no new one until a manager reminds them."""

    def revoked(approval: Approval) -> Approval:
        chosen = _chosen(approval, email)
        emptied = {"nonce_hash": "", "earlier_hashes": (), "revoked": True, "owed": None, "unreachable_told": False}
        return _with(approval, {r.email: r.model_copy(update=emptied) for r in chosen}, taken_back=chosen)

    return _amended(place, revoked, approvals, now)


def reassign(place: Place, change: Reassignment, approvals: ApprovalStore, now: datetime) -> Approval:
    """Ask somebody else: the old reviewer's links are taken back, and a new one is mailed to the new reviewer."""

    def reassigned(approval: Approval) -> Approval:
        if any(r.email.lower() == change.to.lower() for r in approval.reviewers):
            raise InvalidInputError("to: is a reviewer already", errors=[FieldError("to", "is a reviewer already")])
        (old,) = _chosen(approval, change.from_, "from")
        return _with(approval, {old.email: Reviewer(email=change.to, nonce_hash="", stage=old.stage)}, taken_back=[old])

    return _amended(place, reassigned, approvals, now)


def _amended(place: Place, change: Callable[[Approval], Approval], approvals: ApprovalStore, now: datetime) -> Approval:
    """Due at once: the sweep sends the mails within a minute."""
    return amend_pending(approvals, place.key, place.callback_id, change, due_at=now)


def _chosen(approval: Approval, email: str | None, field: str = "reviewer") -> list[Reviewer]:
    """Raises ``InvalidInputError`` for ``field`` if that address cannot be chosen, with the reason."""
    chosen = [r for r in approval.silent() if email is None or r.email.lower() == email.lower()]
    if not chosen:
        known = next((r for r in approval.reviewers if email and r.email.lower() == email.lower()), None)
        message = "is no reviewer of this request"
        if known:
            message = "has answered already" if known.stage == approval.stage else "is not asked at this stage"
        if email is None:
            message = "nobody is still to answer"
        raise InvalidInputError(f"{field}: {message}", errors=[FieldError(field, message)])
    return chosen


def _with(approval: Approval, changed: dict[str, Reviewer], taken_back: list[Reviewer] | None = None) -> Approval:
    hashes = tuple(h for r in taken_back or () for h in (r.nonce_hash, *r.earlier_hashes) if h)
    return approval.model_copy(
        update={
            "reviewers": tuple(changed.get(r.email, r) for r in approval.reviewers),
            # The oldest are dropped. Those links open nothing either way; they are only reported as invalid instead of
            # revoked.
            "revoked_hashes": (*approval.revoked_hashes, *hashes)[-REVOKED_KEPT:],
        }
    )


def send_decision(approval: Approval, engine: Engine, cipher: Cipher) -> None:
    """Raises ``GoneError`` if no task waits for it, or nothing was decided."""
    answer = _answer(approval)
    engine.resume(_token(approval, cipher), answer)


def hand_over(approval: Approval, token: TaskToken, engine: Engine) -> None:
    """Pass the decision to a task that replaced the one that asked. Raises like ``send_decision``."""
    engine.resume(token, _answer(approval))


def is_awaited(approval: Approval, campaigns: CampaignStore) -> bool:
    """Whether the campaign still waits for this request's decision. If no task does, its execution was lost, and the
    decision is kept for the one that takes over."""
    try:
        campaign = campaigns.get(approval.key)
    except NotFoundError:
        return False
    return campaign.status is CampaignStatus.AWAITING_APPROVAL and approval.round == campaign.revision + 1


def _answer(approval: Approval) -> dict[str, Any]:
    if approval.decision is None:
        raise GoneError("nothing was decided")
    answer: dict[str, Any] = outcome(approval, approval.decision).to_wire()
    return answer


def outcome(approval: Approval, made: MadeDecision) -> ApprovalOutcome:
    """A decision as the workflow sees it. A request that nobody answered ends the campaign as expired, unless the
    policy approves."""
    silence = made.expired and made.decision is not Decision.APPROVED
    return ApprovalOutcome(callback_id=approval.callback_id, decision="expired" if silence else made.decision)


def send_heartbeat(approval: Approval, engine: Engine, cipher: Cipher) -> None:
    """Raises ``GoneError`` if no task waits."""
    engine.heartbeat(_token(approval, cipher))


def seal_token(token: TaskToken, key: CampaignKey, callback_id: CallbackId, cipher: Cipher) -> TaskToken:
    """Encrypted, as it is stored."""
    return TaskToken(cipher.seal(token, _context(key, callback_id)))


def token_hash(token: TaskToken) -> str:
    """Identifies a token without decrypting what is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def _token(approval: Approval, cipher: Cipher) -> TaskToken:
    return TaskToken(cipher.open(approval.task_token, _context(approval.key, approval.callback_id)))


def _context(key: CampaignKey, callback_id: CallbackId) -> Mapping[str, str]:
    return {"tenantId": key.tenant_id, "campaignId": key.campaign_id, "callbackId": callback_id}
