"""What the people who run a campaign may do with an open request: remind, take links back, ask somebody else.

These only change the request's record. ``ops/sweep_approvals`` mails what follows from it, within a minute.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, NamedTuple

from pydantic import EmailStr, Field

from lambdas.domain.errors import FieldError, InvalidInputError
from lambdas.domain.ids import CallbackId, CallbackIdField, CampaignKey
from lambdas.domain.models.approval import Approval, ApprovalStatus, Decision, MailState, Quorum, Reviewer
from lambdas.domain.models.base import Model, Moment
from lambdas.ports.stores import ApprovalStore
from lambdas.services.mailing import amend_pending

REVOKED_KEPT = 500
"""Hashes of links that were taken back: 33 KB of a record that may have 400."""


class ReviewerChoice(Model):
    """Body of ``reminders`` and ``revoke``; without a reviewer it is all who have not answered."""

    reviewer: EmailStr | None = None


class Reassignment(Model):
    """Body of ``reassign``: ``to`` decides in the place of ``from``."""

    from_: Annotated[EmailStr, Field(alias="from")]
    to: EmailStr


class ReviewerView(Model):
    email: EmailStr
    stage: int
    invited_at: Moment | None = None
    answer: Decision | None = None
    outdated: bool
    """The answer was given before posts were edited, and does not count."""
    mail: MailState | None = None
    """What became of the newest mail."""
    revoked: bool
    """A manager took the links back."""
    unreachable: str | None = None
    """Why mail does not reach them."""
    slack: str | None = None


class ApprovalView(Model):
    """An open or past request, without anything that opens it."""

    callback_id: CallbackIdField
    round: int
    status: ApprovalStatus
    stage: int
    quorum: Quorum | int
    created_at: Moment
    expires_at: Moment
    reviewers: tuple[ReviewerView, ...]
    decision: Decision | None = None
    expired: bool

    @classmethod
    def of(cls, approval: Approval) -> "ApprovalView":
        def view(reviewer: Reviewer) -> ReviewerView:
            vote = approval.vote_of(reviewer.email)
            return ReviewerView(
                email=reviewer.email,
                stage=reviewer.stage,
                invited_at=reviewer.invited_at,
                answer=vote.decision if vote else None,
                outdated=vote is not None and not approval.counts(vote),
                mail=reviewer.mail,
                revoked=reviewer.revoked,
                unreachable=reviewer.unreachable,
                slack=reviewer.slack,
            )

        return cls(
            callback_id=approval.callback_id,
            round=approval.round,
            status=approval.status,
            stage=approval.stage,
            quorum=approval.quorum,
            created_at=approval.created_at,
            expires_at=approval.expires_at,
            reviewers=tuple(view(reviewer) for reviewer in approval.reviewers),
            decision=approval.decision.decision if approval.decision else None,
            expired=approval.decision.expired if approval.decision else False,
        )


class Place(NamedTuple):
    key: CampaignKey
    callback_id: CallbackId


def remind(place: Place, email: str | None, approvals: ApprovalStore, now: datetime) -> Approval:
    """Mail new links; those mailed before stay good. Raises as ``amend_pending``.

    Without an address those are left out whose links were taken back, unless that is everybody who is to answer.
    """

    def reminded(approval: Approval) -> Approval:
        chosen = _chosen(approval, email)
        if email is None:
            chosen = [r for r in chosen if not r.revoked] or chosen
        fresh = {"invited_at": None, "owed": None, "mail_after": None, "mail_tries": 0, "revoked": False}
        return _with(approval, {r.email: r.model_copy(update=fresh) for r in chosen})

    return _amended(place, reminded, approvals, now)


def revoke(place: Place, email: str | None, approvals: ApprovalStore, now: datetime) -> Approval:
    """Take every link of the chosen reviewers back. They get no new one before a manager reminds them."""

    def revoked(approval: Approval) -> Approval:
        chosen = _chosen(approval, email)
        emptied = {"nonce_hash": "", "earlier_hashes": (), "revoked": True, "owed": None}
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
