"""The ports of requests for approval, and of the mails that tell what became of a campaign."""

# As in stores.py: the models are used in signatures only.
from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from lambdas.domain.ids import CallbackId, CampaignKey

if TYPE_CHECKING:
    from lambdas.domain.models.approval import Approval, ApprovalStatus, ClosedBecause, MadeDecision, Vote
    from lambdas.domain.models.mail import News


class ApprovalStore(Protocol):
    """Requests for approval, each with its entry in the due index (``services/due.py``)."""

    def create(self, approval: Approval) -> bool:
        """Store a new request and its entry; the same callback id again changes nothing. Returns whether it was new."""
        ...

    def get(self, key: CampaignKey, callback_id: CallbackId) -> Approval:
        """Read consistently; raises ``NotFoundError``."""
        ...

    def all(self, key: CampaignKey) -> list[Approval]:
        """Oldest first."""
        ...

    def decide(self, key: CampaignKey, callback_id: CallbackId, decision: MadeDecision) -> Approval:
        """``PENDING → DECIDED``. Raises ``ConflictError`` if it is not pending, and ``NotFoundError``."""
        ...

    def close(self, key: CampaignKey, callback_id: CallbackId, because: ClosedBecause = ...) -> None:
        """``PENDING → CLOSED``, with the reason that the campaign ended unless another one is given.

        A decided request stays decided. The id of a newer request is recorded on a decided or closed one too.

        Raises ``NotFoundError``.
        """
        ...

    def amend(self, approval: Approval, *, due_at: datetime | None = None, was: ApprovalStatus = ...) -> Approval:
        """Store ``approval`` if the stored one has the same version and the status ``was`` (default ``PENDING``);
        returns it with its new version. ``due_at``: the new time at which the request is due.

        Raises ``ConcurrentUpdateError``.
        """
        ...

    def mark_resumed(self, key: CampaignKey, callback_id: CallbackId, at: datetime) -> Approval: ...

    def keep_words(self, approval: Approval, vote: Vote) -> Vote:
        """Store comments in items of their own, before the vote is stored; returns the vote as the request is to hold
        it."""
        ...

    def forget_words(self, approval: Approval, vote: Vote) -> None:
        """Remove the comments of a vote that did not count."""
        ...

    def votes(self, approval: Approval) -> tuple[Vote, ...]:
        """The request's votes that count, with all comments."""
        ...

    def everything_said(self, approval: Approval) -> tuple[Vote, ...]:
        """The same, with the votes that do not count any more."""
        ...

    def adopt(self, shard: int) -> int:
        """Create index entries for open requests of older versions, which had no due index; returns how many."""
        ...


class NewsStore(Protocol):
    def claim(self, key: CampaignKey, news: News) -> bool:
        """Note a mail before it is sent; answers whether this sender is the one to send it. Nobody is once it was
        claimed, unless it is on record that the mail service did not accept it."""

    def note(self, key: CampaignKey, news: News) -> None:
        """What became of it."""

    def all(self, key: CampaignKey) -> list[News]:
        """Of the campaign, oldest first."""
