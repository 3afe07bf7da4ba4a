"""Changing a pending request while others change it too."""

from collections.abc import Callable
from datetime import datetime

from lambdas.domain.errors import ConcurrentUpdateError, ConflictError
from lambdas.domain.ids import CallbackId, CampaignKey
from lambdas.domain.models.approval import Approval, ApprovalStatus
from lambdas.ports.stores import ApprovalStore

TRIES = 20
"""Others at once are the reviewers of a stage, at most."""


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
