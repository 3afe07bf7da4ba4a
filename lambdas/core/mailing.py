"""Mailing several people, of whom one may have an address that takes no mail."""

from collections.abc import Callable
from typing import Protocol

from lambdas.core.errors import ConcurrentUpdateError, ConflictError, MailRefusedError
from lambdas.core.ids import CallbackId, CampaignKey, TenantId
from lambdas.core.models.approval import Approval, ApprovalStatus
from lambdas.core.models.mail import Mail
from lambdas.core.ports import ApprovalStore, Mailer

TRIES = 5


class Senders(Protocol):
    """The identities that the mail service has verified."""

    def refusal(self, tenant_id: TenantId, address: str) -> str | None:
        """Why the tenant cannot send from ``address``, in words for a person; ``None`` when it can."""
        ...


def deliver(mailer: Mailer, mail: Mail) -> str | None:
    """Why the mail was refused for good, or ``None`` when it was accepted. Temporary errors are raised."""
    try:
        mailer.send(mail)
    except MailRefusedError as error:
        return error.message
    return None


def amend_pending(
    approvals: ApprovalStore, key: CampaignKey, callback_id: CallbackId, change: Callable[[Approval], Approval]
) -> Approval:
    """Store what ``change`` makes of a pending request, as often as somebody else was faster.

    Raises ``NotFoundError``, ``ConflictError`` for a request that is decided or closed, and whatever ``change`` does.
    """
    for _ in range(TRIES):
        approval = approvals.get(key, callback_id)
        if approval.status is not ApprovalStatus.PENDING:
            raise ConflictError("this request is over", details={"status": approval.status.value})
        changed = change(approval)
        if changed == approval:
            return approval
        try:
            return approvals.amend(changed)
        except ConcurrentUpdateError:
            continue
    raise ConcurrentUpdateError("the request is changing; try again")
