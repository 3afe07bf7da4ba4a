"""An open request for approval: changing it while others do, and telling the workflow that waits for it.

What the people who run a campaign may do with it (remind, take links back, ask somebody else) changes its record only:
``ops/sweep_approvals`` mails what follows, within a minute. The task token lies in the record sealed, bound to the
request it belongs to, and is opened here only.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from lambdas.domain.errors import ConcurrentUpdateError, ConflictError, FieldError, GoneError, InvalidInputError
from lambdas.domain.ids import CallbackId, CampaignKey, TaskToken
from lambdas.domain.models.approval import Approval, ApprovalStatus, MadeDecision, MailState, Reviewer
from lambdas.domain.models.base import Email, Model
from lambdas.domain.models.workflow import ApprovalOutcome, Decision
from lambdas.ports.engine import Engine
from lambdas.ports.services import Cipher
from lambdas.ports.stores import ApprovalStore

TRIES = 20
"""Others at once are the reviewers of a stage, at most."""
REVOKED_KEPT = 500
"""Hashes of links that were taken back: 33 KB of a record that may have 400."""


def amend_pending(
    approvals: ApprovalStore,
    key: CampaignKey,
    callback_id: CallbackId,
    change: Callable[[Approval], Approval],
    *,
    known: Approval | None = None,
    due_at: datetime | None = None,
) -> Approval:
    """Store what ``change`` makes of a pending request, as often as somebody else was faster.

    ``known`` is the request as the caller has just read it, which saves the first reading; ``due_at`` is when the
    sweep is to look at what came of the change.
    Raises ``NotFoundError``, ``ConflictError`` for a request that is decided or closed, and whatever ``change`` does.
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
    """Body of ``reminders`` and ``revoke``; without a reviewer it is all who have not answered."""

    reviewer: Email | None = None


class Reassignment(Model):
    """Body of ``reassign``: ``to`` decides in the place of ``from``."""

    from_: Annotated[Email, Field(alias="from")]
    to: Email


class Place(NamedTuple):
    key: CampaignKey
    callback_id: CallbackId


def remind(place: Place, email: str | None, approvals: ApprovalStore, now: datetime) -> Approval:
    """Mail new links; those mailed before stay good. Raises as ``amend_pending``.

    Whom a mail has reached is reminded, anybody else is invited. Without an address those are left out whose links were
    taken back, unless that is everybody who is to answer.
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
    if not approval.layout:  # where ``owed`` is lost when an older execution writes the record
        owed = {"owed": None, "invited_at": None}
    return {"mail_after": None, "mail_tries": 0, "revoked": False, **owed}


def revoke(place: Place, email: str | None, approvals: ApprovalStore, now: datetime) -> Approval:
    """Take every link of the chosen reviewers back. They get no new one before a manager reminds them."""

    def revoked(approval: Approval) -> Approval:
        chosen = _chosen(approval, email)
        emptied = {"nonce_hash": "", "earlier_hashes": (), "revoked": True, "owed": None, "unreachable_told": False}
        return _with(approval, {r.email: r.model_copy(update=emptied) for r in chosen}, taken_back=chosen)

    return _amended(place, revoked, approvals, now)


def reassign(place: Place, change: Reassignment, approvals: ApprovalStore, now: datetime) -> Approval:
    """Somebody else decides: the old links are taken back, and a new one is mailed to them."""

    def reassigned(approval: Approval) -> Approval:
        if any(r.email.lower() == change.to.lower() for r in approval.reviewers):
            raise InvalidInputError("to: is a reviewer already", errors=[FieldError("to", "is a reviewer already")])
        (old,) = _chosen(approval, change.from_, "from")
        return _with(approval, {old.email: Reviewer(email=change.to, nonce_hash="", stage=old.stage)}, taken_back=[old])

    return _amended(place, reassigned, approvals, now)


def _amended(place: Place, change: Callable[[Approval], Approval], approvals: ApprovalStore, now: datetime) -> Approval:
    """Due at once: the sweep's next minute mails what follows."""
    return amend_pending(approvals, place.key, place.callback_id, change, due_at=now)


def _chosen(approval: Approval, email: str | None, field: str = "reviewer") -> list[Reviewer]:
    """Raises ``InvalidInputError`` for ``field``, which says why that address is not to be chosen."""
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
            # The oldest are forgotten: their links then say that they do not work, and open nothing either way.
            "revoked_hashes": (*approval.revoked_hashes, *hashes)[-REVOKED_KEPT:],
        }
    )


def send_decision(approval: Approval, engine: Engine, cipher: Cipher) -> None:
    """Raises ``GoneError`` when nobody waits for it, and when nothing was decided."""
    answer = _answer(approval)
    engine.resume(_token(approval, cipher), answer)


def hand_over(approval: Approval, token: TaskToken, engine: Engine) -> None:
    """The decision to a task that waits in place of the one that asked. Raises like ``send_decision``."""
    engine.resume(token, _answer(approval))


def _answer(approval: Approval) -> dict[str, Any]:
    if approval.decision is None:
        raise GoneError("nothing was decided")
    answer: dict[str, Any] = outcome(approval, approval.decision).to_wire()
    return answer


def outcome(approval: Approval, made: MadeDecision) -> ApprovalOutcome:
    """A decision as the workflow knows it: silence that is no yes ends the campaign as expired."""
    silence = made.expired and made.decision is not Decision.APPROVED
    return ApprovalOutcome(callback_id=approval.callback_id, decision="expired" if silence else made.decision)


def send_heartbeat(approval: Approval, engine: Engine, cipher: Cipher) -> None:
    """Raises ``GoneError`` when nobody waits."""
    engine.heartbeat(_token(approval, cipher))


def seal_token(token: TaskToken, key: CampaignKey, callback_id: CallbackId, cipher: Cipher) -> TaskToken:
    """As it is stored."""
    return TaskToken(cipher.seal(token, _context(key, callback_id)))


def token_hash(token: TaskToken) -> str:
    """By which a token is known again without opening what is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def _token(approval: Approval, cipher: Cipher) -> TaskToken:
    return TaskToken(cipher.open(approval.task_token, _context(approval.key, approval.callback_id)))


def _context(key: CampaignKey, callback_id: CallbackId) -> Mapping[str, str]:
    return {"tenantId": key.tenant_id, "campaignId": key.campaign_id, "callbackId": callback_id}
