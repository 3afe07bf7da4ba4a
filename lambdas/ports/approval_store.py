"""The ports of requests for approval, and of the mails that tell what became of a campaign."""

# As in ports.py: the models are named in signatures only.
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
        """Store a new request and its entry; the same callback id again changes nothing. Answers whether it was new."""
        ...

    def get(self, key: CampaignKey, callback_id: CallbackId) -> Approval:
        """Read consistently; raises ``NotFoundError``."""
        ...

    def all(self, key: CampaignKey) -> list[Approval]:
        """Oldest first."""
        ...

    def decide(self, key: CampaignKey, callback_id: CallbackId, decision: MadeDecision) -> Approval:
        """``PENDING → DECIDED``. Raises ``ConflictError`` when it is not pending, ``NotFoundError``."""
        ...

    def close(self, key: CampaignKey, callback_id: CallbackId, because: ClosedBecause = ...) -> None:
        """``PENDING → CLOSED``, because it ended unless another reason is given.

        One that was decided stays decided, and a newer request is noted on it (or on a closed one) all the same.

        Raises ``NotFoundError``.
        """
        ...

    def amend(self, approval: Approval, *, due_at: datetime | None = None, was: ApprovalStatus = ...) -> Approval:
        """Store ``approval`` if the stored one has its version and the status ``was`` (``PENDING`` unless another is
        given); answers it with its new version. ``due_at``: it is to be looked at at another time from now on.

        Raises ``ConcurrentUpdateError``.
        """
        ...

    def mark_resumed(self, key: CampaignKey, callback_id: CallbackId, at: datetime) -> Approval: ...

    def keep_words(self, approval: Approval, vote: Vote) -> Vote:
        """Store what was said beside the request, before the vote is; answers the vote as the request is to hold it."""
        ...

    def forget_words(self, approval: Approval, vote: Vote) -> None:
        """Of a vote that did not count."""
        ...

    def votes(self, approval: Approval) -> tuple[Vote, ...]:
        """The request's votes that count, with all that was said."""
        ...

    def everything_said(self, approval: Approval) -> tuple[Vote, ...]:
        """The same, with the votes that do not count any more."""
        ...

    def adopt(self, shard: int) -> int:
        """Put entries for open requests of one shard that older versions made, which knew no due index; how many."""
        ...


class NewsStore(Protocol):
    def claim(self, key: CampaignKey, news: News) -> bool:
        """Note a mail before it is sent; answers whether this sender is the one to send it. Nobody is once it was
        claimed, unless it is on record that the mail service did not accept it."""

    def note(self, key: CampaignKey, news: News) -> None:
        """What became of it."""

    def all(self, key: CampaignKey) -> list[News]:
        """Of the campaign, oldest first."""
